/* SPDX-License-Identifier: GPL-2.0-only */
/* What came, and whose it is. */
#ifndef KUDP_DATAGRAM_H
#define KUDP_DATAGRAM_H

#include <linux/udp.h>

#include "kudp.h"

/* Bytes of payload, while the data starts at the UDP header. */
static inline unsigned int kudp_payload(const struct sk_buff *skb)
{
	return skb->len - sizeof(struct udphdr);
}

/* How many datagrams a received skb stands for. */
static inline unsigned int kudp_datagrams(const struct sk_buff *skb)
{
	return skb_is_gso(skb) ? DIV_ROUND_UP(kudp_payload(skb), skb_shinfo(skb)->gso_size) : 1;
}

/*
 * Not the socket's worker but this CPU's, which nobody else uses at the same time. With steering
 * they are one and the same, except while the sockets are bound one after the other. Softirq.
 */
static inline struct kudp_worker *kudp_this_worker(const struct sock *sk)
{
	struct kudp_worker *w = rcu_dereference_sk_user_data(sk);

	return this_cpu_ptr(w->responder->workers);
}

#endif
