// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes each datagram where UDP delivers it, by encap_rcv, before it is queued: no lock, no
 * accounting of its memory. UDP has verified its checksum, and cuts super-packets up before it.
 */
#include <linux/udp.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>

#include "drop.h"
#include "engine.h"
#include "hook.h"
#include "hook_encap.h"
#include "inspect.h"
#include "log.h"
#include "trace.h"

static __always_inline int kudp_encap_take(struct kudp_worker *w, struct sk_buff *skb)
{
	enum kudp_counter verdict;

	/* Segments of a super-packet arrive chained to each other. */
	skb_mark_not_on_list(skb);

	kudp_count(&w->received, KUDP_RECEIVED, 1);
	verdict = kudp_inspect(w, skb);
	if (unlikely(verdict != KUDP_ACCEPT))
		kudp_drop(w, &w->received, skb, kudp_datagrams(skb), verdict);
	else
		kudp_engine_deliver(w, skb);
	return 0;
}

/* Apart, so that the others need not keep anything for the time after a call of the tracer. */
static noinline int kudp_encap_take_traced(struct kudp_worker *w, struct sk_buff *skb)
{
	trace_kudp_receive(w, skb, 0);
	return kudp_encap_take(w, skb);
}

/* Softirq, under RCU; @skb's data is at the UDP header. */
static int kudp_encap_receive(struct sock *sk, struct sk_buff *skb)
{
	struct kudp_worker *w = kudp_this_worker(sk);

	if (trace_kudp_receive_enabled())
		return kudp_encap_take_traced(w, skb);
	return kudp_encap_take(w, skb);
}

/* With log=1: those who do not log do not pay for it, not even with a branch. */
static int kudp_encap_receive_logged(struct sock *sk, struct sk_buff *skb)
{
	kudp_log_datagram(kudp_this_worker(sk), skb);
	return kudp_encap_receive(sk, skb);
}

/**
 * kudp_encap_attach() - have a worker's socket call a function for each datagram
 * @w: the worker; kudp_this_worker() works in @receive from now on
 * @receive: an encap_rcv
 *
 * As setup_udp_tunnel_sock() would, less the module it needs and the checksum conversion it adds to
 * each datagram.
 *
 * Context: may sleep; the socket is not bound.
 */
void kudp_encap_attach(struct kudp_worker *w, int (*receive)(struct sock *, struct sk_buff *))
{
	struct sock *sk = w->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, w);
	write_unlock_bh(&sk->sk_callback_lock);
	WRITE_ONCE(udp_sk(sk)->encap_rcv, receive);
	smp_wmb(); /* UDP looks at the type first, then for the handler */
	WRITE_ONCE(udp_sk(sk)->encap_type, 1);
	udp_tunnel_encap_enable(sk);
}

/**
 * kudp_encap_detach() - undo kudp_encap_attach()
 * @w: the worker
 *
 * Context: any; the function may still run until synchronize_net() has returned.
 */
void kudp_encap_detach(struct kudp_worker *w)
{
	struct sock *sk = w->sock->sk;

	WRITE_ONCE(udp_sk(sk)->encap_type, 0);
	WRITE_ONCE(udp_sk(sk)->encap_rcv, NULL);
}

static void kudp_hook_encap_attach(struct kudp_worker *w)
{
	kudp_encap_attach(w, w->responder->log ? kudp_encap_receive_logged : kudp_encap_receive);
}

const struct kudp_hook kudp_hook_encap = {
	.attach = kudp_hook_encap_attach,
	.detach = kudp_encap_detach,
};
