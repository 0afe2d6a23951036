// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers a datagram where it arrives, in softirq: no queue, no thread, no wake-up. The time it
 * takes is the network stack's own, so it is for answers that are made at once.
 */
#include "answer.h"
#include "datagram.h"
#include "link.h"
#include "receive.h"
#include "trace.h"

static __always_inline int kudp_softirq_turn(struct sock *sk, struct sk_buff *skb, bool link)
{
	struct kudp_worker *w = kudp_this_worker(sk);

	if (unlikely(!kudp_receive(w, skb)))
		return 0;
	if (link)
		kudp_answer_link(w, skb);
	else
		kudp_answer(w, skb, true);
	return 0;
}

/* Apart, so that the others need not keep anything for the time after a call of the tracer. */
static noinline int kudp_softirq_traced(struct sock *sk, struct sk_buff *skb, bool link)
{
	trace_kudp_receive(kudp_this_worker(sk), skb, 0);
	return kudp_softirq_turn(sk, skb, link);
}

/* encap_rcv: softirq, under RCU. */
static int kudp_softirq_receive(struct sock *sk, struct sk_buff *skb)
{
	if (trace_kudp_receive_enabled())
		return kudp_softirq_traced(sk, skb, false);
	return kudp_softirq_turn(sk, skb, false);
}

static int kudp_softirq_receive_link(struct sock *sk, struct sk_buff *skb)
{
	if (trace_kudp_receive_enabled())
		return kudp_softirq_traced(sk, skb, true);
	return kudp_softirq_turn(sk, skb, true);
}

/* sk_data_ready: softirq, under RCU. */
static void kudp_softirq_ready(struct sock *sk)
{
	struct kudp_worker *w = kudp_this_worker(sk);
	struct sk_buff *skb;

	while ((skb = kudp_receive_queued(sk, w)))
		kudp_answer(w, skb, false);
}

static int kudp_softirq_init(struct kudp_worker *w)
{
	if (w->responder->gro)
		kudp_hook_queue(w, kudp_softirq_ready);
	else if (w->responder->link)
		kudp_hook_datagrams(w, kudp_softirq_receive_link);
	else
		kudp_hook_datagrams(w, kudp_softirq_receive);
	return 0;
}

const struct kudp_engine kudp_engine_softirq = {
	.name = "softirq",
	.init = kudp_softirq_init,
	.unhook = kudp_unhook,
};
