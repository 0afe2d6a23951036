/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_RESPONDER_H
#define KUDP_RESPONDER_H

#include <linux/configfs.h>
#include <linux/mutex.h>
#include <net/net_namespace.h>

#include "endpoint.h"
#include "guard.h"
#include "policy.h"

/**
 * DOC: Locking
 *
 * kudp_lock, a mutex, serialises every change of a responder: its attributes, whether it is
 * enabled, the list of those that are. It is taken by configfs, by the module's parameters, by
 * readers of statistics and when a network namespace ends, and is the outermost lock: CPU hotplug's
 * lock and the sockets' are taken under it. It is never taken on the packet path.
 *
 * The packet path reads a responder without a lock, as attributes change only while it is disabled.
 * What does change meanwhile, "clock_error" and a CPU's share of the rates, is read and written
 * with READ_ONCE() and WRITE_ONCE(), each by itself.
 *
 * A worker belongs to its CPU. What its hook and its reply write is written in softirq, or with
 * softirqs disabled, on that CPU only, and has no lock. Between softirq and the worker's thread
 * there is worker->lock: it guards worker->task and what engine kthread queues. It is the innermost
 * lock.
 *
 * Coming down has one order, kudp_teardown(): the hooks are taken out, synchronize_net() waits for
 * whoever is still in one, the threads end, memory goes. Nothing of the module is reachable from a
 * skb that left.
 */

#define KUDP_TEXT_MAX		1024
#define KUDP_REPLY_TO_MAX	80	/* "[ADDRESS%DEVICE]:PORT" */

struct kudp_allow;
struct kudp_engine;
struct kudp_hook;
struct kudp_reply_ops;
struct kudp_worker;

/* One configured service. Written under kudp_lock; the configuration only while disabled. */
struct kudp_responder {
	struct config_group group;

	const struct kudp_engine *engine;
	const struct kudp_reply_ops *reply;	/* that of policy.reply */
	struct sockaddr_storage address;
	struct kudp_policy policy;
	struct kudp_rules rules;
	struct kudp_allow *allow;	/* NULL: everyone */
	char text[KUDP_TEXT_MAX];
	unsigned int batch;
	unsigned int rcvbuf;
	unsigned int busy_poll;		/* microseconds, 0: off */
	bool gro;			/* receive super-packets whole */
	bool link;			/* turnaround=link, see way_link.c */
	struct sockaddr_storage reply_to; /* AF_UNSPEC: the sender, see reply_to.c */
	char reply_to_text[KUDP_REPLY_TO_MAX];
	bool log;			/* a line for each datagram, see log.c */
	bool stateful;			/* stamp: count each session's packets */
	unsigned int clock_error;	/* stamp: ns off UTC at most, 0: unknown; set at any time */

	bool enabled;
	const struct kudp_hook *hook;	/* while enabled, as are the next three */
	struct kudp_guard guard;	/* made of the rules by kudp_inspect_init() */
	struct net *net;		/* left before it goes, see kudp_net_exit() */
	struct list_head list;		/* in kudp_enabled */
	struct hlist_node hotplug;
	struct kudp_worker __percpu *workers;
};

extern struct mutex kudp_lock;
extern struct list_head kudp_enabled;	/* under kudp_lock */

/* The name of its folder in configfs. */
static inline const char *kudp_name(const struct kudp_responder *r)
{
	return config_item_name((struct config_item *)&r->group.cg_item);
}

/* Whether it serves every address of this host. */
static inline bool kudp_is_wildcard(const struct kudp_responder *r)
{
	return kudp_is_any(&r->address);
}

#endif
