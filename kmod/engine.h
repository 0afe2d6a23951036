/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An engine says when, and on what, the stations after the hook run. Each is one file,
 * engine_NAME.c, with its line in engine.c.
 */
#ifndef KUDP_ENGINE_H
#define KUDP_ENGINE_H

#include "answer.h"
#include "responder.h"
#include "worker.h"

struct sock;

/* Its functions may sleep and, but for @run, are called under kudp_lock or by CPU hotplug. */
struct kudp_engine {
	const char *name;
	const struct kudp_hook *hook;	/* the only one it works with; NULL: kudp_hook_of() */
	bool in_place;			/* answers in the skb, to its sender: no reply_to */
	bool gro;			/* takes super-packets */
	bool link;			/* can do with turnaround=link */
	bool busy_poll;			/* has a thread that can */

	int (*init)(struct kudp_worker *w);	  /* optional: its socket is made, not yet bound */
	void (*exit)(struct kudp_worker *w);	  /* optional: undoes init, also a half-done one */
	int (*run)(void *worker);		  /* optional: its thread */
	void (*interrupt)(struct kudp_worker *w); /* optional: its thread sees that task is NULL */
	void (*drain)(struct kudp_worker *w);	  /* optional: no thread: what waits is dropped */
};

extern const struct kudp_engine kudp_engine_classic;
extern const struct kudp_engine kudp_engine_kthread;
extern const struct kudp_engine kudp_engine_softirq;

const struct kudp_engine *kudp_engine_default(void);
int kudp_engine_set(struct kudp_responder *r, const char *name);

void kudp_kthread_queue(struct kudp_worker *w, struct sk_buff *skb);
void kudp_kthread_ready(struct sock *sk);
void kudp_softirq_ready(struct sock *sk);

/**
 * kudp_engine_deliver() - hand a datagram from its hook to the engine
 * @w: this CPU's worker
 * @skb: the datagram, which may be answered: kudp_inspect() has said so. It is consumed.
 *
 * By name, not by a pointer: with retpolines an indirect call costs more than all that is decided.
 *
 * Context: softirq, under RCU.
 */
static __always_inline void kudp_engine_deliver(struct kudp_worker *w, struct sk_buff *skb)
{
	if (w->responder->engine == &kudp_engine_softirq)
		kudp_answer(w, skb, true);
	else
		kudp_kthread_queue(w, skb);
}

/* The sk_data_ready of an engine that takes super-packets: softirq, under RCU. */
static inline void (*kudp_engine_ready(const struct kudp_responder *r))(struct sock *)
{
	return r->engine == &kudp_engine_softirq ? kudp_softirq_ready : kudp_kthread_ready;
}

#endif
