/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_DROP_H
#define KUDP_DROP_H

#include "counters.h"

struct kudp_stats;
struct kudp_worker;
struct sk_buff;

void kudp_drop(struct kudp_worker *w, struct kudp_stats *stats, struct sk_buff *skb,
	       unsigned int datagrams, enum kudp_counter reason);

#endif
