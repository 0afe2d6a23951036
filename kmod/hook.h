/* SPDX-License-Identifier: GPL-2.0-only */
/* The first station: where a datagram is taken. Each place is one file, hook_NAME.c. */
#ifndef KUDP_HOOK_H
#define KUDP_HOOK_H

#include <net/sock.h>

#include "responder.h"
#include "worker.h"

/* Both under kudp_lock, may sleep. */
struct kudp_hook {
	void (*attach)(struct kudp_worker *w);	/* to its socket, which is not yet bound */
	void (*detach)(struct kudp_worker *w);	/* once synchronize_net() returns after this,
						 * no code of the hook runs for that socket
						 */
};

extern const struct kudp_hook kudp_hook_encap;
extern const struct kudp_hook kudp_hook_queue;
extern const struct kudp_hook kudp_hook_recvmsg;

const struct kudp_hook *kudp_hook_of(const struct kudp_responder *r);

/**
 * kudp_this_worker() - the worker that is to take what a socket received
 * @sk: a socket of a responder
 *
 * Not the socket's own but this CPU's, which nobody else uses at the same time. With steering they
 * are one and the same, except while the sockets are bound one after the other.
 *
 * Context: softirq, under RCU.
 * Return: the worker.
 */
static inline struct kudp_worker *kudp_this_worker(const struct sock *sk)
{
	struct kudp_worker *w = rcu_dereference_sk_user_data(sk);

	return this_cpu_ptr(w->responder->workers);
}

#endif
