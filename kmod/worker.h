/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_WORKER_H
#define KUDP_WORKER_H

#include <linux/net.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "count.h"
#include "guard.h"

struct kudp_responder;
struct kudp_route;
struct sock;

/* One per CPU of a responder. What is not said to be anyone's is written by workers.c alone. */
struct kudp_worker {
	struct kudp_responder *responder;
	struct socket *sock;
	unsigned int cpu;
	struct kudp_route *routes;	/* route.c: to the peers answered last */
	struct kudp_credit credit;	/* inspect.c */
	void *engine;			/* its engine's own */
	void *reply;			/* its reply's own */

	spinlock_t lock;		/* softirq-safe */
	struct task_struct *task;	/* NULL: none, or it must end; written under lock */
	void (*saved_data_ready)(struct sock *sk); /* hook_queue.c: what it replaced */

	struct ratelimit_state log;	/* log.c */
	unsigned long unlogged;

	u64 drops;			/* datagrams that the socket dropped; under kudp_lock, */
	unsigned int drops_seen;	/* as is how far its own counter was */

	/* Each has one writer at a time: the hook in softirq, and what answers. */
	struct kudp_stats received;
	struct kudp_stats answered;
};

#endif
