// SPDX-License-Identifier: GPL-2.0-only
/*
 * The default engine. A datagram is taken where UDP delivers it, in softirq (encap_rcv), and put
 * on its worker's queue: no socket queue, no accounting of its memory, no copy. The worker's thread
 * takes all that has arrived in one go and answers it as a batch, each in the skb it came in.
 */
#include <linux/kthread.h>
#include <net/route.h>
#include <net/udp_tunnel.h>

#include "kudp.h"

/* Whether what @skb asks is an address of its own: broadcast and multicast are never answered. */
static bool kudp_is_unicast(const struct sk_buff *skb)
{
	if (skb->pkt_type != PACKET_HOST)
		return false;
	if (skb->protocol == htons(ETH_P_IPV6))
		return !ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr);
	return !skb_rtable(skb) ||
	       !(skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST));
}

static enum kudp_counter kudp_kthread_enqueue(struct kudp_worker *w, struct sk_buff *skb)
{
	enum kudp_counter verdict = KUDP_ANSWERED;

	/* The device and the route may go while the datagram waits. */
	skb->dev = NULL;
	skb_dst_drop(skb);

	spin_lock(&w->queue.lock);
	if (unlikely(!w->task)) {
		verdict = KUDP_STOPPED;
	} else if (unlikely(w->queued + skb->truesize > w->sock->sk->sk_rcvbuf)) {
		verdict = KUDP_QUEUE_FULL;
	} else {
		w->queued += skb->truesize;
		__skb_queue_tail(&w->queue, skb);
		if (skb_queue_len(&w->queue) == 1)
			wake_up_process(w->task);
	}
	spin_unlock(&w->queue.lock);
	return verdict;
}

/* encap_rcv: softirq, under RCU; skb->data is at the UDP header, the checksum has been verified. */
static int kudp_kthread_receive(struct sock *sk, struct sk_buff *skb)
{
	struct kudp_worker *w = rcu_dereference_sk_user_data(sk);
	enum kudp_counter verdict;

	/* Segments of a super-packet arrive chained to each other. */
	skb_mark_not_on_list(skb);

	kudp_count(&w->received, KUDP_RECEIVED);
	if (unlikely(ntohs(udp_hdr(skb)->len) != skb->len))
		verdict = KUDP_MALFORMED;
	else if (unlikely(!kudp_is_unicast(skb)))
		verdict = KUDP_NOT_UNICAST;
	else
		verdict = kudp_kthread_enqueue(w, skb);

	if (unlikely(verdict != KUDP_ANSWERED)) {
		kudp_count(&w->received, verdict);
		kfree_skb(skb);
	}
	return 0;
}

/* Moves all that waits to @batch; false if there was nothing. */
static bool kudp_kthread_take(struct kudp_worker *w, struct sk_buff_head *batch)
{
	spin_lock_bh(&w->queue.lock);
	skb_queue_splice_tail_init(&w->queue, batch);
	w->queued = 0;
	spin_unlock_bh(&w->queue.lock);
	return !skb_queue_empty(batch);
}

/* Answers at most @n of @batch with softirqs held off, so that they too find a batch. */
static void kudp_kthread_answer(struct kudp_worker *w, struct sk_buff_head *batch, unsigned int n)
{
	struct sk_buff *skb;

	local_bh_disable();
	while (n-- && (skb = __skb_dequeue(batch)))
		kudp_answer(w, skb);
	local_bh_enable();
}

static int kudp_kthread_run(void *worker)
{
	struct kudp_worker *w = worker;
	struct sk_buff_head batch;

	__skb_queue_head_init(&batch);
	for (;;) {
		/* Before the look at the queue, so that a wake-up after it is not lost. */
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		if (!kudp_kthread_take(w, &batch)) {
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		while (!skb_queue_empty(&batch)) {
			kudp_kthread_answer(w, &batch, w->responder->batch);
			cond_resched();
		}
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int kudp_kthread_init(struct kudp_worker *w)
{
	struct sock *sk = w->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, w);
	write_unlock_bh(&sk->sk_callback_lock);
	/*
	 * As setup_udp_tunnel_sock() would, less the module it needs and the checksum conversion
	 * it adds to each datagram. UDP looks at the type first, so it is last.
	 */
	WRITE_ONCE(udp_sk(sk)->encap_rcv, kudp_kthread_receive);
	smp_wmb(); /* the type says that the handler is there */
	WRITE_ONCE(udp_sk(sk)->encap_type, 1);
	udp_tunnel_encap_enable(sk);
	return 0;
}

static void kudp_kthread_unhook(struct kudp_worker *w)
{
	WRITE_ONCE(udp_sk(w->sock->sk)->encap_type, 0);
	WRITE_ONCE(udp_sk(w->sock->sk)->encap_rcv, NULL);
}

const struct kudp_engine kudp_engine_kthread = {
	.name = "kthread",
	.init = kudp_kthread_init,
	.unhook = kudp_kthread_unhook,
	.run = kudp_kthread_run,
};
