/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_STATISTICS_H
#define KUDP_STATISTICS_H

#include <linux/types.h>

struct kudp_responder;
struct kudp_worker;
struct net;

void kudp_stats_reset(struct kudp_worker *w);
void kudp_stats_keep_drops(struct kudp_worker *w);
ssize_t kudp_stats_print(struct kudp_responder *r, char *page);
int kudp_stats_net_init(struct net *net);
void kudp_stats_net_exit(struct net *net);

#endif
