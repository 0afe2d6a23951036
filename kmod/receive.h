/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_RECEIVE_H
#define KUDP_RECEIVE_H

#include "kudp.h"

void kudp_hook_datagrams(struct kudp_worker *w, int (*receive)(struct sock *, struct sk_buff *));
void kudp_hook_queue(struct kudp_worker *w, void (*ready)(struct sock *));
void kudp_unhook(struct kudp_worker *w);
bool kudp_receive(struct kudp_worker *w, struct sk_buff *skb);
struct sk_buff *kudp_receive_queued(struct sock *sk, struct kudp_worker *w);

#endif
