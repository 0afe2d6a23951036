// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two places where an engine can take what a socket receives, both in softirq:
 *
 * - encap_rcv gets each datagram before it is queued: no lock, no accounting of its memory. UDP
 *   cuts super-packets up before it.
 * - sk_data_ready is told of what was queued. With UDP_GRO that may be super-packets, whole, which
 *   is worth much more than the price of the queue; for single datagrams it is not.
 */
#include <net/udp.h>
#include <net/udp_tunnel.h>

#include "compat.h"
#include "datagram.h"
#include "log.h"
#include "receive.h"
#include "trace.h"

static void kudp_hook(struct kudp_worker *w, void (*ready)(struct sock *))
{
	struct sock *sk = w->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, w);
	if (ready) {
		w->saved_data_ready = sk->sk_data_ready;
		WRITE_ONCE(sk->sk_data_ready, ready);
	}
	write_unlock_bh(&sk->sk_callback_lock);
}

/*
 * As setup_udp_tunnel_sock() would, less the module it needs and the checksum conversion it adds to
 * each datagram.
 */
void kudp_hook_datagrams(struct kudp_worker *w, int (*receive)(struct sock *, struct sk_buff *))
{
	struct sock *sk = w->sock->sk;

	kudp_hook(w, NULL);
	w->receive = receive;
	if (w->responder->log)
		receive = kudp_log_receive;
	WRITE_ONCE(udp_sk(sk)->encap_rcv, receive);
	smp_wmb(); /* UDP looks at the type first, then for the handler */
	WRITE_ONCE(udp_sk(sk)->encap_type, 1);
	udp_tunnel_encap_enable(sk);
}

void kudp_hook_queue(struct kudp_worker *w, void (*ready)(struct sock *))
{
#ifdef CONFIG_NET_RX_BUSY_POLL
	/* net.core.busy_read is for programs that wait: a queue is read in softirq here. */
	WRITE_ONCE(w->sock->sk->sk_ll_usec, 0);
#endif
	kudp_hook(w, ready);
	kudp_enable_gro(w->sock);
}

/* Once synchronize_net() has returned after this, neither handler runs. */
void kudp_unhook(struct kudp_worker *w)
{
	struct sock *sk = w->sock->sk;

	WRITE_ONCE(udp_sk(sk)->encap_type, 0);
	WRITE_ONCE(udp_sk(sk)->encap_rcv, NULL);
	if (!w->saved_data_ready)
		return;
	write_lock_bh(&sk->sk_callback_lock);
	WRITE_ONCE(sk->sk_data_ready, w->saved_data_ready);
	write_unlock_bh(&sk->sk_callback_lock);
	w->saved_data_ready = NULL;
}

/* Out of line, which spares those that are answered. */
void kudp_receive_refuse(struct kudp_worker *w, struct sk_buff *skb, enum kudp_counter reason)
{
	unsigned int datagrams = kudp_datagrams(skb);

	kudp_count(&w->received, reason, datagrams);
	trace_kudp_refuse(w, skb, datagrams, reason);
	kfree_skb(skb);
}

static enum kudp_counter kudp_inspect_queued(struct kudp_worker *w, struct sock *sk,
					     struct sk_buff *skb)
{
	bool damaged = udp_lib_checksum_complete(skb);

	/* The route is gone: that back from a broadcast address will not be found. */
	skb_push(skb, sizeof(struct udphdr));
	/* UDP's own books, as where it delivers to a program. */
	if (damaged) {
		__UDPX_INC_STATS(sk, UDP_MIB_CSUMERRORS);
		__UDPX_INC_STATS(sk, UDP_MIB_INERRORS);
		return KUDP_SOCKET_DROPS;
	}
	__UDPX_INC_STATS(sk, UDP_MIB_INDATAGRAMS);
	return kudp_inspect(w, skb);
}

/*
 * For sk_data_ready: the next datagram or super-packet that may be answered, its data at the UDP
 * header, or NULL. ip_summed does not say any more what its checksum field lacks.
 */
struct sk_buff *kudp_receive_queued(struct sock *sk, struct kudp_worker *w)
{
	enum kudp_counter verdict;
	struct sk_buff *skb;
	int off = 0, err;

	while (!skb_queue_empty_lockless(&sk->sk_receive_queue) ||
	       !skb_queue_empty_lockless(&udp_sk(sk)->reader_queue)) {
		skb = __skb_recv_udp(sk, MSG_DONTWAIT, &off, &err);
		if (!skb)
			return NULL;
		skb->dev = NULL; /* the queue had its own use for this field */
		verdict = kudp_inspect_queued(w, sk, skb);
		kudp_count(&w->received, KUDP_RECEIVED, kudp_datagrams(skb));
		trace_kudp_receive(w, skb, 0);
		if (likely(verdict == KUDP_ANSWERED))
			return skb;
		kudp_receive_refuse(w, skb, verdict);
	}
	return NULL;
}
