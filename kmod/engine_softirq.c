// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers a datagram where it arrives, in softirq: no queue, no thread, no wake-up. The time it
 * takes is the network stack's own, so it is for answers that are made at once. What a hook takes
 * goes straight to kudp_answer(): see kudp_engine_deliver().
 */
#include "engine.h"
#include "hook.h"
#include "socket_queue.h"

/**
 * kudp_softirq_ready() - answer all that waits at a socket
 * @sk: a socket of a responder with gro=1
 *
 * Context: sk_data_ready: softirq, under RCU.
 */
void kudp_softirq_ready(struct sock *sk)
{
	struct kudp_worker *w = kudp_this_worker(sk);
	struct sk_buff *skb;

	while ((skb = kudp_socket_next(sk, w)))
		kudp_answer(w, skb, false);
}

const struct kudp_engine kudp_engine_softirq = {
	.name = "softirq",
	.in_place = true,
	.gro = true,
	.link = true,
};
