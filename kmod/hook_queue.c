// SPDX-License-Identifier: GPL-2.0-only
/*
 * gro=1: UDP queues what it delivers at the socket, super-packets whole, and says so by
 * sk_data_ready. Engines take it from there with kudp_socket_next().
 */
#include <linux/udp.h>

#include "compat.h"
#include "engine.h"
#include "hook.h"

static void kudp_queue_attach(struct kudp_worker *w)
{
	struct sock *sk = w->sock->sk;

#ifdef CONFIG_NET_RX_BUSY_POLL
	/* net.core.busy_read is for programs that wait: a queue is read in softirq here. */
	WRITE_ONCE(sk->sk_ll_usec, 0);
#endif
	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, w);
	w->saved_data_ready = sk->sk_data_ready;
	WRITE_ONCE(sk->sk_data_ready, kudp_engine_ready(w->responder));
	write_unlock_bh(&sk->sk_callback_lock);
	kudp_enable_gro(w->sock);
}

static void kudp_queue_detach(struct kudp_worker *w)
{
	struct sock *sk = w->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	WRITE_ONCE(sk->sk_data_ready, w->saved_data_ready);
	write_unlock_bh(&sk->sk_callback_lock);
}

const struct kudp_hook kudp_hook_queue = {
	.attach = kudp_queue_attach,
	.detach = kudp_queue_detach,
};
