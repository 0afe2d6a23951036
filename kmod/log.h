/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_LOG_H
#define KUDP_LOG_H

struct kudp_responder;
struct kudp_worker;
struct sk_buff;

void kudp_log_init(struct kudp_worker *w);
void kudp_log_datagram(struct kudp_worker *w, const struct sk_buff *skb);
void kudp_log_summary(const struct kudp_responder *r);

#endif
