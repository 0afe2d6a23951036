// SPDX-License-Identifier: GPL-2.0-only
/*
 * The default engine. A datagram is taken where UDP delivers it, in softirq, and put on its
 * worker's queue; the worker's thread takes all that has arrived in one go and answers it as a
 * batch, each in the skb it came in. For what may take long, or shall not take the stack's time.
 */
#include <linux/kthread.h>
#include <linux/sched/clock.h>
#include <net/busy_poll.h>
#include <uapi/linux/sched/types.h>

#include "answer.h"
#include "datagram.h"
#include "receive.h"
#include "trace.h"

/* How long, in wake-ups, a thread that found no use in patience does not try it again. */
#define KUDP_PATIENCE_MIN	8
#define KUDP_PATIENCE_MAX	4096
/* A batch that had to wait longer for its CPU shows that somebody else is busy there. */
#define KUDP_PATIENCE_NS	NSEC_PER_MSEC

/* Under queue.lock, which also keeps the task from going. */
static __always_inline void kudp_kthread_wake(struct kudp_worker *w)
{
	if (!w->idle)
		return;
	w->idle = false;
	w->woken = local_clock();
	trace_kudp_wake(w, &w->queue);
	wake_up_process(w->task);
}

/* encap_rcv: softirq, under RCU. */
static int kudp_kthread_receive(struct sock *sk, struct sk_buff *skb)
{
	struct kudp_worker *w = kudp_this_worker(sk);
	enum kudp_counter verdict = KUDP_ANSWERED;

	trace_kudp_receive(w, skb, 0);
	if (unlikely(!kudp_receive(w, skb)))
		return 0;
	/* The device and the route may go while the datagram waits. */
	skb->dev = NULL;
	skb_dst_drop(skb);

	spin_lock(&w->queue.lock);
	if (unlikely(!w->task)) {
		verdict = KUDP_STOPPED;
	} else if (unlikely(w->queued + skb->truesize > sk->sk_rcvbuf)) {
		verdict = KUDP_QUEUE_FULL;
	} else {
		w->queued += skb->truesize;
		__skb_queue_tail(&w->queue, skb);
		kudp_kthread_wake(w);
	}
	spin_unlock(&w->queue.lock);

	if (unlikely(verdict != KUDP_ANSWERED))
		kudp_receive_refuse(w, skb, verdict);
	return 0;
}

/* The same with busy_poll, where the thread has to know which NAPI its datagrams come from. */
static int kudp_kthread_receive_polled(struct sock *sk, struct sk_buff *skb)
{
	sk_mark_napi_id(sk, skb);
	return kudp_kthread_receive(sk, skb);
}

/* sk_data_ready: softirq, under RCU. What is ready stays on the socket. */
static void kudp_kthread_ready(struct sock *sk)
{
	struct kudp_worker *w = rcu_dereference_sk_user_data(sk);

	spin_lock(&w->queue.lock);
	if (w->task)
		kudp_kthread_wake(w);
	spin_unlock(&w->queue.lock);
}

/* Moves all that waits to @batch and returns how much that is; if nothing, expects a wake-up. */
static unsigned int kudp_kthread_take(struct kudp_worker *w, struct sk_buff_head *batch)
{
	struct sk_buff *skb;

	spin_lock_bh(&w->queue.lock);
	w->idle = skb_queue_empty(&w->queue);
	skb_queue_splice_tail_init(&w->queue, batch);
	w->queued = 0;
	spin_unlock_bh(&w->queue.lock);

	/* Looked at after idle was set: whoever queues later sees that, and wakes. */
	if (w->responder->gro) {
		local_bh_disable();
		while (skb_queue_len(batch) < w->responder->batch &&
		       (skb = kudp_receive_queued(w->sock->sk, w)))
			__skb_queue_tail(batch, skb);
		local_bh_enable();
	}
	return skb_queue_len(batch);
}

/* Answers at most @n of @batch with softirqs held off, so that they too find a batch. */
static void kudp_kthread_answer(struct kudp_worker *w, struct sk_buff_head *batch, unsigned int n)
{
	bool summed = !w->responder->gro;
	struct sk_buff *skb;

	local_bh_disable();
	rcu_read_lock();
	trace_kudp_batch_begin(w, batch);
	while (n-- && (skb = __skb_dequeue(batch)))
		kudp_answer(w, skb, summed);
	trace_kudp_batch_end(w, batch);
	rcu_read_unlock();
	local_bh_enable();
}

/* Whether polling may end; @start as busy_loop_current_time(), the kernel's rough microseconds. */
static bool kudp_kthread_polled(void *worker, unsigned long start)
{
	struct kudp_worker *w = worker;
	struct sock *sk = w->sock->sk;

	return !skb_queue_empty_lockless(&w->queue) ||
	       !skb_queue_empty_lockless(&sk->sk_receive_queue) || kthread_should_stop() ||
	       busy_loop_current_time() - start > w->responder->busy_poll;
}

/*
 * Waits for the next datagram awake: no wake-up is needed for it, which is what a single one costs
 * most of. Where its NAPI is known that is polled, too, and the datagram need not even interrupt.
 */
static void kudp_kthread_poll(struct kudp_worker *w)
{
	unsigned long start = busy_loop_current_time();
#ifdef CONFIG_NET_RX_BUSY_POLL
	unsigned int napi = READ_ONCE(w->sock->sk->sk_napi_id);

	if (napi >= MIN_NAPI_ID && !kudp_kthread_polled(w, start)) {
		napi_busy_loop(napi, kudp_kthread_polled, w, false, BUSY_POLL_BUDGET);
		return;
	}
#endif
	while (!kudp_kthread_polled(w, start)) {
		cpu_relax();
		cond_resched();
	}
}

static void kudp_kthread_set_patient(bool patient)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = patient ? SCHED_BATCH : SCHED_NORMAL,
	};

	sched_setattr_nocheck(current, &attr);
}

/*
 * A thread that preempts the sender for each datagram never sees two at once, and the switches cost
 * more than the answers. A patient one, of SCHED_BATCH, runs when the CPU has nothing else to do or
 * its turn comes. That pays only if a batch of several comes of it, which nothing but trying tells:
 * so a thread tries, stays patient as long as batches come, and if not waits ever longer until it
 * tries again. A single datagram in flight is answered at once save for one in KUDP_PATIENCE_MAX.
 */
static void kudp_kthread_adapt(struct kudp_worker *w, unsigned int taken)
{
	if (!w->patient && --w->patience)
		return;
	if (w->patient && taken > 1 && local_clock() - w->woken < KUDP_PATIENCE_NS) {
		w->patience_next = KUDP_PATIENCE_MIN;
		return;
	}
	w->patient = !w->patient;
	if (!w->patient) {
		w->patience = w->patience_next;
		w->patience_next = min(2 * w->patience_next, KUDP_PATIENCE_MAX);
	}
	kudp_kthread_set_patient(w->patient);
}

static int kudp_kthread_run(void *worker)
{
	struct kudp_worker *w = worker;
	struct sk_buff_head batch;
	bool slept = false;
	unsigned int taken;

	w->patient = false;
	w->patience = KUDP_PATIENCE_MIN;
	w->patience_next = KUDP_PATIENCE_MIN;
	__skb_queue_head_init(&batch);
	for (;;) {
		if (w->responder->busy_poll)
			kudp_kthread_poll(w);
		/* Before the look at the queue, so that a wake-up after it is not lost. */
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		taken = kudp_kthread_take(w, &batch);
		if (!taken) {
			trace_kudp_sleep(w, &w->queue);
			schedule();
			slept = true;
			continue;
		}
		__set_current_state(TASK_RUNNING);
		if (slept)
			kudp_kthread_adapt(w, taken);
		slept = false;
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
	if (w->responder->gro)
		kudp_hook_queue(w, kudp_kthread_ready);
	else if (w->responder->busy_poll)
		kudp_hook_datagrams(w, kudp_kthread_receive_polled);
	else
		kudp_hook_datagrams(w, kudp_kthread_receive);
	return 0;
}

const struct kudp_engine kudp_engine_kthread = {
	.name = "kthread",
	.init = kudp_kthread_init,
	.unhook = kudp_unhook,
	.run = kudp_kthread_run,
};
