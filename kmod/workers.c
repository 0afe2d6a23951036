// SPDX-License-Identifier: GPL-2.0-only
/*
 * A responder's workers: one for every possible CPU, each with a socket that stays open as long as
 * the responder is enabled, so that the n-th socket of the reuseport group is always CPU n's. The
 * threads come and go with their CPUs; a CPU that is offline receives nothing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpuhotplug.h>
#include <linux/kthread.h>

#include "drop.h"
#include "engine.h"
#include "hook.h"
#include "inspect.h"
#include "log.h"
#include "reply.h"
#include "route.h"
#include "socket_queue.h"
#include "statistics.h"
#include "workers.h"

static enum cpuhp_state kudp_hotplug_state;

/* The parts of a worker that come with its responder's configuration. */
static int kudp_worker_equip(struct kudp_worker *w)
{
	const struct kudp_responder *r = w->responder;
	int err;

	err = kudp_routes_init(w);
	if (!err)
		err = kudp_credit_init(w);
	if (!err && r->reply->init)
		err = r->reply->init(w);
	if (!err && r->engine->init)
		err = r->engine->init(w);
	return err;
}

/**
 * kudp_worker_init() - make everything that a worker needs save its thread
 * @w: the worker, which has nothing
 * @r: its responder
 * @cpu: its CPU
 *
 * Context: may sleep, under kudp_lock.
 * Return: 0, or an errno with nothing left behind.
 */
int kudp_worker_init(struct kudp_worker *w, struct kudp_responder *r, unsigned int cpu)
{
	int err;

	w->responder = r;
	w->cpu = cpu;
	spin_lock_init(&w->lock);
	kudp_stats_reset(w);
	kudp_log_init(w);

	err = sock_create_kern(r->net, r->address.ss_family, SOCK_DGRAM, IPPROTO_UDP, &w->sock);
	if (err)
		return err;
	sock_set_rcvbuf(w->sock->sk, r->rcvbuf);
	err = kudp_worker_equip(w);
	if (err)
		kudp_worker_exit(w);
	else
		r->hook->attach(w);
	return err;
}

/**
 * kudp_worker_exit() - undo kudp_worker_init()
 * @w: the worker, detached from its hook, whose thread has ended; also one that was never made
 *
 * Context: may sleep, under kudp_lock.
 */
void kudp_worker_exit(struct kudp_worker *w)
{
	const struct kudp_responder *r = w->responder;

	if (!w->sock)
		return;
	if (r->engine->exit)
		r->engine->exit(w);
	w->engine = NULL;
	if (r->reply->exit)
		r->reply->exit(w);
	w->reply = NULL;
	kudp_routes_exit(w);
	kudp_credit_exit(w);
	kudp_stats_keep_drops(w);
	sock_release(w->sock);
	w->sock = NULL;
}

static void kudp_worker_set_task(struct kudp_worker *w, struct task_struct *task)
{
	spin_lock_bh(&w->lock);
	WRITE_ONCE(w->task, task);
	spin_unlock_bh(&w->lock);
}

/*
 * A socket takes in datagrams as long as it is bound, also while nobody serves it: to answer those,
 * maybe hours later, would serve nobody.
 */
static void kudp_worker_drain(struct kudp_worker *w)
{
	struct sk_buff *skb;

	if (w->responder->engine->drain)
		w->responder->engine->drain(w);
	local_bh_disable();
	while ((skb = kudp_socket_next(w->sock->sk, w)))
		kudp_drop(w, &w->answered, skb, kudp_datagrams(skb), KUDP_STOPPED);
	local_bh_enable();
}

static int kudp_worker_online(unsigned int cpu, struct hlist_node *node)
{
	struct kudp_responder *r = hlist_entry(node, struct kudp_responder, hotplug);
	struct kudp_worker *w = per_cpu_ptr(r->workers, cpu);
	struct task_struct *task;

	/* Another worker: less for each. A datagram between two writes may get the old share. */
	kudp_guard_share(&r->guard, &r->rules, num_online_cpus());
	if (!r->engine->run)
		return 0;
	kudp_worker_drain(w);
	task = kthread_create_on_node(r->engine->run, w, cpu_to_node(cpu), "kudp/%u/%s", cpu,
				      kudp_name(r));
	if (IS_ERR(task)) {
		if (!READ_ONCE(r->enabled))
			return PTR_ERR(task); /* and so does kudp_workers_start() */
		/* Would keep the CPU from coming up, at resume too, for one responder's sake. */
		pr_warn("%s: CPU %u: no thread: error %ld: what arrives there is not answered\n",
			kudp_name(r), cpu, PTR_ERR(task));
		return 0;
	}
	kthread_bind(task, cpu);
	get_task_struct(task); /* it may end by itself before kthread_stop() */
	kudp_worker_set_task(w, task);
	wake_up_process(task);
	return 0;
}

static int kudp_worker_offline(unsigned int cpu, struct hlist_node *node)
{
	struct kudp_responder *r = hlist_entry(node, struct kudp_responder, hotplug);
	struct kudp_worker *w = per_cpu_ptr(r->workers, cpu);
	struct task_struct *task = w->task;

	if (!r->engine->run)
		return 0;
	if (task) {
		kudp_worker_set_task(w, NULL);
		if (r->engine->interrupt)
			r->engine->interrupt(w);
		kthread_stop(task);
		put_task_struct(task);
		sock_error(w->sock->sk); /* of engine->interrupt, if nothing took it */
	}
	kudp_worker_drain(w);
	return 0;
}

/**
 * kudp_workers_start() - start a thread on every CPU that is online, and on each that comes
 * @r: the responder, whose workers are made
 *
 * Context: may sleep, under kudp_lock; takes CPU hotplug's lock.
 * Return: 0, or an errno with none left.
 */
int kudp_workers_start(struct kudp_responder *r)
{
	return cpuhp_state_add_instance(kudp_hotplug_state, &r->hotplug);
}

/**
 * kudp_workers_stop() - end all threads
 * @r: the responder
 *
 * Context: as kudp_workers_start().
 */
void kudp_workers_stop(struct kudp_responder *r)
{
	cpuhp_state_remove_instance(kudp_hotplug_state, &r->hotplug);
}

/**
 * kudp_hotplug_init() - have CPUs that come and go start and end threads
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int kudp_hotplug_init(void)
{
	int state = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN, "net/kudp:online",
					    kudp_worker_online, kudp_worker_offline);

	if (state < 0)
		return state;
	kudp_hotplug_state = state;
	return 0;
}

/**
 * kudp_hotplug_exit() - undo kudp_hotplug_init()
 *
 * Context: may sleep; no responder is enabled.
 */
void kudp_hotplug_exit(void)
{
	cpuhp_remove_multi_state(kudp_hotplug_state);
}
