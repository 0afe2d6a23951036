// SPDX-License-Identifier: GPL-2.0-only
/*
 * The default engine. A datagram is put on its worker's queue where its hook takes it, in
 * softirq; the worker's thread takes all that has arrived in one go and answers it as a
 * batch, each in the skb it came in. For what may take long, or shall not take the stack's time.
 */
#include <linux/kthread.h>
#include <linux/sched/clock.h>
#include <net/busy_poll.h>
#include <uapi/linux/sched/types.h>

#include "datagram.h"
#include "drop.h"
#include "engine.h"
#include "hook.h"
#include "socket_queue.h"
#include "trace.h"

/* How long, in wake-ups, a thread that found no use in patience does not try it again. */
#define KUDP_PATIENCE_MIN	8
#define KUDP_PATIENCE_MAX	4096
/* A batch that had to wait longer for its CPU shows that somebody else is busy there. */
#define KUDP_PATIENCE_NS	NSEC_PER_MSEC

/* A worker's. What the thread does not have for itself is under worker->lock. */
struct kudp_kthread {
	struct sk_buff_head queue;	/* received, not yet answered; its own lock is not used */
	unsigned int queued;		/* its bytes, as truesize counts */
	unsigned int limit;		/* of them, as the socket's */
	bool idle;			/* the thread expects a wake-up */
	u64 woken;			/* when it last got one, local_clock() */

	/* the thread's alone, see kudp_kthread_adapt() */
	bool patient;
	unsigned int patience;
	unsigned int patience_next;
};

/* Under worker->lock, which also keeps the task from going. */
static __always_inline void kudp_kthread_wake(struct kudp_worker *w, struct kudp_kthread *k)
{
	if (!k->idle)
		return;
	k->idle = false;
	k->woken = local_clock();
	trace_kudp_wake(w, &k->queue);
	wake_up_process(w->task);
}

/**
 * kudp_kthread_queue() - have a datagram answered by the thread
 * @w: this CPU's worker
 * @skb: the datagram, which may be answered. It is consumed: dropped where the thread is gone, or
 *	too much waits
 *
 * Context: softirq.
 */
void kudp_kthread_queue(struct kudp_worker *w, struct sk_buff *skb)
{
	enum kudp_counter verdict = KUDP_ACCEPT;
	struct kudp_kthread *k = w->engine;

	/* The thread has to know which NAPI its datagrams come from. */
	if (w->responder->busy_poll)
		sk_mark_napi_id(w->sock->sk, skb);
	/* The device and the route may go while the datagram waits. */
	skb->dev = NULL;
	skb_dst_drop(skb);

	spin_lock(&w->lock);
	if (unlikely(!w->task)) {
		verdict = KUDP_STOPPED;
	} else if (unlikely(k->queued + skb->truesize > k->limit)) {
		verdict = KUDP_QUEUE_FULL;
	} else {
		k->queued += skb->truesize;
		__skb_queue_tail(&k->queue, skb);
		kudp_kthread_wake(w, k);
	}
	spin_unlock(&w->lock);

	if (unlikely(verdict != KUDP_ACCEPT))
		kudp_drop(w, &w->received, skb, kudp_datagrams(skb), verdict);
}

/**
 * kudp_kthread_ready() - have the thread look at a socket's queue
 * @sk: a socket of a responder with gro=1; what is ready stays there
 *
 * Context: sk_data_ready: softirq, under RCU.
 */
void kudp_kthread_ready(struct sock *sk)
{
	struct kudp_worker *w = rcu_dereference_sk_user_data(sk);

	spin_lock(&w->lock);
	if (w->task)
		kudp_kthread_wake(w, w->engine);
	spin_unlock(&w->lock);
}

/* Moves all that waits to @batch and returns how much that is; if nothing, expects a wake-up. */
static unsigned int kudp_kthread_take(struct kudp_worker *w, struct sk_buff_head *batch)
{
	struct kudp_kthread *k = w->engine;
	struct sk_buff *skb;

	spin_lock_bh(&w->lock);
	k->idle = skb_queue_empty(&k->queue);
	skb_queue_splice_tail_init(&k->queue, batch);
	k->queued = 0;
	spin_unlock_bh(&w->lock);

	/* Looked at after idle was set: whoever queues later sees that, and wakes. */
	if (w->responder->gro) {
		local_bh_disable();
		while (skb_queue_len(batch) < w->responder->batch &&
		       (skb = kudp_socket_next(w->sock->sk, w)))
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
	struct kudp_kthread *k = w->engine;
	struct sock *sk = w->sock->sk;

	return !skb_queue_empty_lockless(&k->queue) ||
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
static void kudp_kthread_adapt(struct kudp_kthread *k, unsigned int taken)
{
	if (!k->patient && --k->patience)
		return;
	if (k->patient && taken > 1 && local_clock() - k->woken < KUDP_PATIENCE_NS) {
		k->patience_next = KUDP_PATIENCE_MIN;
		return;
	}
	k->patient = !k->patient;
	if (!k->patient) {
		k->patience = k->patience_next;
		k->patience_next = min(2 * k->patience_next, KUDP_PATIENCE_MAX);
	}
	kudp_kthread_set_patient(k->patient);
}

static int kudp_kthread_run(void *worker)
{
	struct kudp_worker *w = worker;
	struct kudp_kthread *k = w->engine;
	struct sk_buff_head batch;
	bool slept = false;
	unsigned int taken;

	k->patient = false;
	k->patience = KUDP_PATIENCE_MIN;
	k->patience_next = KUDP_PATIENCE_MIN;
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
			trace_kudp_sleep(w, &k->queue);
			schedule();
			slept = true;
			continue;
		}
		__set_current_state(TASK_RUNNING);
		if (slept)
			kudp_kthread_adapt(k, taken);
		slept = false;
		while (!skb_queue_empty(&batch)) {
			kudp_kthread_answer(w, &batch, w->responder->batch);
			cond_resched();
		}
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static void kudp_kthread_drain(struct kudp_worker *w)
{
	struct kudp_kthread *k = w->engine;
	struct sk_buff_head left;
	struct sk_buff *skb;

	__skb_queue_head_init(&left);
	local_bh_disable();
	spin_lock(&w->lock);
	skb_queue_splice_tail_init(&k->queue, &left);
	k->queued = 0;
	spin_unlock(&w->lock);
	while ((skb = __skb_dequeue(&left)))
		kudp_drop(w, &w->answered, skb, kudp_datagrams(skb), KUDP_STOPPED);
	local_bh_enable();
}

static int kudp_kthread_init(struct kudp_worker *w)
{
	struct kudp_kthread *k = kzalloc_node(sizeof(*k), GFP_KERNEL, cpu_to_node(w->cpu));

	if (!k)
		return -ENOMEM;
	__skb_queue_head_init(&k->queue);
	k->limit = w->sock->sk->sk_rcvbuf;
	w->engine = k;
	return 0;
}

static void kudp_kthread_exit(struct kudp_worker *w)
{
	kfree(w->engine);
}

const struct kudp_engine kudp_engine_kthread = {
	.name = "kthread",
	.in_place = true,
	.gro = true,
	.busy_poll = true,
	.init = kudp_kthread_init,
	.exit = kudp_kthread_exit,
	.run = kudp_kthread_run,
	.drain = kudp_kthread_drain,
};
