// SPDX-License-Identifier: GPL-2.0-only
/* What UDP has queued at a socket, taken as UDP itself would take it for a program. */
#include <net/udp.h>

#include "drop.h"
#include "inspect.h"
#include "socket_queue.h"
#include "trace.h"

static enum kudp_counter kudp_socket_inspect(struct kudp_worker *w, struct sock *sk,
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

/**
 * kudp_socket_next() - take the next request from a socket's queue
 * @sk: the socket
 * @w: the worker that is to answer; those that may not be answered are counted there and dropped
 *
 * Context: softirqs disabled; @w is this CPU's.
 * Return: a datagram or super-packet that may be answered, its data at the UDP header, or NULL if
 * none waits. Its ip_summed does not say any more what its checksum field lacks.
 */
struct sk_buff *kudp_socket_next(struct sock *sk, struct kudp_worker *w)
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
		verdict = kudp_socket_inspect(w, sk, skb);
		kudp_count(&w->received, KUDP_RECEIVED, kudp_datagrams(skb));
		trace_kudp_receive(w, skb, 0);
		if (likely(verdict == KUDP_ACCEPT))
			return skb;
		kudp_drop(w, &w->received, skb, kudp_datagrams(skb), verdict);
	}
	return NULL;
}
