// SPDX-License-Identifier: GPL-2.0-only
/* The sender itself: one datagram in the calling task, or a thread for each CPU that sends many. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <net/sock.h>

#include "endpoint.h"
#include "send.h"

/* How long a send may wait for room before its thread looks whether it must end. */
#define KUDP_SEND_TIMEOUT	(HZ / 10)

/* A CPU's thread. The counts have one writer and are whole words, so that they can be read. */
struct kudp_sender {
	struct socket *sock;
	struct task_struct *task;
	unsigned long quota;	/* its part of plan.count and plan.rate */
	unsigned int rate;
	unsigned long sent;
	unsigned long failed;
};

/* As long as the module's parameters, which tell of them. */
static DEFINE_PER_CPU(struct kudp_sender, senders);

static struct {
	struct kudp_send_plan plan;
	unsigned int n;		/* threads; 0: it was never started */
	atomic_t running;
	bool finished;		/* written by the last thread, or when none is left */
	u64 start;
	u64 end;
} source;

/* A socket to send from. Connected, it has the route and both addresses from now on. */
static int kudp_send_socket(const struct kudp_send_plan *plan, struct socket **sock)
{
	int err;

	err = sock_create_kern(plan->net, plan->to.ss_family, SOCK_DGRAM, IPPROTO_UDP, sock);
	if (err)
		return err;
	(*sock)->sk->sk_sndtimeo = KUDP_SEND_TIMEOUT;
	if (!plan->connected)
		return 0;
	err = kernel_connect(*sock, (void *)&plan->to, /* its type differs by kernel */
			     kudp_address_length(&plan->to), 0);
	if (err)
		sock_release(*sock);
	return err;
}

static int kudp_send_datagram(const struct kudp_send_plan *plan, struct socket *sock)
{
	struct kvec iov = { .iov_base = (void *)plan->payload, .iov_len = plan->size };
	struct msghdr msg = {};
	int sent;

	if (!plan->connected) {
		msg.msg_name = (void *)&plan->to;
		msg.msg_namelen = kudp_address_length(&plan->to);
	}
	sent = kernel_sendmsg(sock, &msg, &iov, 1, plan->size);
	return sent < 0 ? sent : 0;
}

/**
 * kudp_send_once() - send one datagram
 * @plan: what, and where to
 *
 * Context: may sleep.
 * Return: 0, or an errno after one line in the log.
 */
int kudp_send_once(const struct kudp_send_plan *plan)
{
	struct socket *sock;
	int err;

	err = kudp_send_socket(plan, &sock);
	if (!err) {
		err = kudp_send_datagram(plan, sock);
		sock_release(sock);
	}
	if (err)
		pr_err("%u bytes to %pISpc: error %d\n", plan->size, &plan->to, err);
	else
		pr_info("sent %u bytes to %pISpc\n", plan->size, &plan->to);
	return err;
}

static void kudp_source_finish(void)
{
	struct kudp_send_result result;

	source.end = ktime_get_ns();
	kudp_source_result(&result);
	pr_info("sent %lu of %u bytes to %pISpc, %lu failed, in %llu us on %u CPU%s\n", result.sent,
		source.plan.size, &source.plan.to, result.failed,
		div_u64(source.end - source.start, NSEC_PER_USEC), source.n,
		source.n == 1 ? "" : "s");
	/* Whoever reads that it is finished also reads when, and finds it in the log. */
	smp_store_release(&source.finished, true);
}

/* How many datagrams the rate allows by now, @n of them being gone already. */
static unsigned long kudp_sender_due(const struct kudp_sender *s, unsigned long n)
{
	u64 allowed;

	if (!s->rate)
		return ULONG_MAX;
	allowed = mul_u64_u32_div(ktime_get_ns() - source.start, s->rate, NSEC_PER_SEC) + 1;
	return allowed > n ? allowed - n : 0;
}

/* Until the datagram after @n others is due, or the thread must end. */
static void kudp_sender_wait(const struct kudp_sender *s, unsigned long n)
{
	ktime_t due = source.start + mul_u64_u32_div(n, NSEC_PER_SEC, s->rate) + 1;

	/* Before the look at the order to end, so that a wake-up after it is not lost. */
	set_current_state(TASK_INTERRUPTIBLE);
	if (!kthread_should_stop())
		schedule_hrtimeout(&due, HRTIMER_MODE_ABS);
	__set_current_state(TASK_RUNNING);
}

/* Sends at most @n and returns how many are done with, whether they left or failed. */
static unsigned long kudp_sender_batch(struct kudp_sender *s, unsigned long n)
{
	unsigned long i;
	int err;

	for (i = 0; i < n; i++) {
		err = kudp_send_datagram(&source.plan, s->sock);
		if (err == -EAGAIN) /* no room for as long as one may wait: once more, if at all */
			break;
		if (err)
			WRITE_ONCE(s->failed, s->failed + 1);
		else
			WRITE_ONCE(s->sent, s->sent + 1);
	}
	return i;
}

static int kudp_sender_run(void *sender)
{
	struct kudp_sender *s = sender;
	unsigned long done = 0, due;

	while (!kthread_should_stop() && (!source.plan.count || done < s->quota)) {
		due = min_t(unsigned long, kudp_sender_due(s, done), source.plan.batch);
		if (source.plan.count)
			due = min(due, s->quota - done);
		if (due)
			done += kudp_sender_batch(s, due);
		else
			kudp_sender_wait(s, done);
		cond_resched();
	}
	if (atomic_dec_and_test(&source.running))
		kudp_source_finish();
	return 0;
}

static int kudp_sender_init(struct kudp_sender *s, unsigned int cpu)
{
	struct task_struct *task;
	int err;

	err = kudp_send_socket(&source.plan, &s->sock);
	if (err) {
		s->sock = NULL;
		return err;
	}
	task = kthread_create_on_node(kudp_sender_run, s, cpu_to_node(cpu), "kudp_send/%u", cpu);
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	get_task_struct(task); /* it ends by itself when its quota is sent */
	s->task = task;
	return 0;
}

/* @number as @n parts, the @i-th of them. */
static unsigned long kudp_part(unsigned long number, unsigned int n, unsigned int i)
{
	return number / n + (i < number % n);
}

/**
 * kudp_source_start() - start the threads that send
 * @plan: what, where to, how much and how fast, all threads together
 * @cpus: one thread for each of these
 *
 * All threads are made before any starts.
 *
 * Context: may sleep, under cpus_read_lock(); never beside kudp_source_stop().
 * Return: 0, or an errno; what was made is left to kudp_source_stop().
 */
int kudp_source_start(const struct kudp_send_plan *plan, const struct cpumask *cpus)
{
	unsigned int cpu, i = 0;
	int err;

	source.plan = *plan;
	source.n = cpumask_weight(cpus);
	for_each_cpu(cpu, cpus) {
		struct kudp_sender *s = per_cpu_ptr(&senders, cpu);

		s->quota = kudp_part(plan->count, source.n, i);
		s->rate = kudp_part(plan->rate, source.n, i);
		err = kudp_sender_init(s, cpu);
		if (err) {
			pr_err("CPU %u: to %pISpc: error %d\n", cpu, &plan->to, err);
			source.finished = true; /* nothing was sent: no result */
			kudp_source_stop();
			return err;
		}
		i++;
	}
	atomic_set(&source.running, source.n);
	source.start = ktime_get_ns();
	for_each_cpu(cpu, cpus)
		wake_up_process(per_cpu_ptr(&senders, cpu)->task);
	return 0;
}

/**
 * kudp_source_stop() - end the threads, wherever they are, then let go what they used
 *
 * Context: may sleep. May be called twice.
 */
void kudp_source_stop(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct kudp_sender *s = per_cpu_ptr(&senders, cpu);

		if (!s->task)
			continue;
		kthread_stop(s->task);
		put_task_struct(s->task);
		s->task = NULL;
	}
	/* A thread that was stopped before it ever ran could not tell. */
	if (source.n && !source.finished)
		kudp_source_finish();
	for_each_possible_cpu(cpu) {
		struct kudp_sender *s = per_cpu_ptr(&senders, cpu);

		if (s->sock)
			sock_release(s->sock);
		s->sock = NULL;
	}
}

/**
 * kudp_source_result() - how far the threads are
 * @result: gets it; also after they were stopped, and before they were started
 *
 * Context: any.
 */
void kudp_source_result(struct kudp_send_result *result)
{
	unsigned int cpu;

	*result = (struct kudp_send_result){};
	if (!source.n)
		return;
	/* Pairs with kudp_source_finish(). */
	result->running = !smp_load_acquire(&source.finished);
	result->ns = (result->running ? ktime_get_ns() : source.end) - source.start;
	for_each_possible_cpu(cpu) {
		result->sent += READ_ONCE(per_cpu_ptr(&senders, cpu)->sent);
		result->failed += READ_ONCE(per_cpu_ptr(&senders, cpu)->failed);
	}
}
