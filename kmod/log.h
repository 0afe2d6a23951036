/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_LOG_H
#define KUDP_LOG_H

#include "kudp.h"

void kudp_log_init(struct kudp_worker *w);
int kudp_log_receive(struct sock *sk, struct sk_buff *skb);
void kudp_log_summary(const struct kudp_responder *r);

#endif
