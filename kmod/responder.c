// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/filter.h>
#include <linux/ipv6.h>
#include <linux/nsproxy.h>
#include <net/route.h>
#include <net/sock_reuseport.h>

#include "kudp.h"
#include "link.h"
#include "log.h"
#include "reply_to.h"

/* Serialises every change of configuration and state; never taken on the packet path. */
DEFINE_MUTEX(kudp_lock);
LIST_HEAD(kudp_enabled);

/*
 * Picks the socket of the CPU that received the datagram. The kernel's own way, SO_INCOMING_CPU,
 * is not looked at inside a reuseport group before 6.1.
 */
static int kudp_steer(struct sock *sk)
{
	static const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_CPU),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog_kern program = {
		.len = ARRAY_SIZE(code),
		.filter = (struct sock_filter *)code,
	};
	struct bpf_prog *prog;
	int err;

	err = bpf_prog_create(&prog, &program);
	if (err == -ENOTSUPP) /* no errno of userspace's: the JIT found no memory */
		return -ENOMEM;
	if (err)
		return err;
	err = reuseport_attach_prog(sk, prog);
	if (err)
		bpf_prog_destroy(prog);
	return err;
}

/*
 * Binds the sockets in the order of their CPUs, which is the order of the group. The first is bound
 * without SO_REUSEPORT, so that a port that anyone else has is an error and not a group to join.
 */
static int kudp_bind(struct kudp_responder *r)
{
	int len = kudp_address_length(&r->address);
	struct sock *first = NULL;
	unsigned int cpu;
	int err;

	for_each_possible_cpu(cpu) {
		struct socket *sock = per_cpu_ptr(r->workers, cpu)->sock;

		if (first)
			sock_set_reuseport(sock->sk);
		err = kernel_bind(sock, (void *)&r->address, len); /* its type differs by kernel */
		if (err)
			return err;
		if (!first) {
			sock_set_reuseport(sock->sk);
			first = sock->sk;
		}
	}
	return num_possible_cpus() > 1 ? kudp_steer(first) : 0;
}

/*
 * The one order in which a responder comes down, from any state of kudp_responder_enable():
 * no new work; what the receive handlers are doing ends; the threads end; what is left goes.
 */
static void kudp_teardown(struct kudp_responder *r, bool started)
{
	unsigned int cpu;

	if (r->engine->unhook) {
		for_each_possible_cpu(cpu) {
			struct kudp_worker *w = per_cpu_ptr(r->workers, cpu);

			if (w->sock)
				r->engine->unhook(w);
		}
		synchronize_net();
	}
	if (started)
		kudp_workers_stop(r);
	for_each_possible_cpu(cpu)
		kudp_worker_exit(per_cpu_ptr(r->workers, cpu));
	kudp_guard_exit(r);
}

/* What only the network knows of the addresses. */
static int kudp_check_addresses(const struct kudp_responder *r)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&r->address;

	/* With ipv6.disable=1 not even its tables are there to be looked at. */
	if ((r->address.ss_family == AF_INET6 || r->reply_to.ss_family == AF_INET6) &&
	    !ipv6_mod_enabled()) {
		pr_err("%s: this kernel has no IPv6: want IPv4 addresses\n", kudp_name(r));
		return -EAFNOSUPPORT;
	}
	/* A socket can be bound to one, and would answer from it. */
	if (r->address.ss_family == AF_INET && !kudp_is_wildcard(r) &&
	    inet_addr_type(r->net, in4->sin_addr.s_addr) == RTN_BROADCAST) {
		pr_err("%s: address=%pISc: is a broadcast address: want a unicast one\n",
		       kudp_name(r), &r->address);
		return -EADDRNOTAVAIL;
	}
	if (r->link && !kudp_link_is_possible(r)) {
		pr_err("%s: turnaround=link: want an address on an Ethernet device, not %pISc\n",
		       kudp_name(r), &r->address);
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * Serves r->address in the network namespace of the calling task.
 * Returns 0 or an errno with nothing left behind and one line in the log.
 */
int kudp_responder_enable(struct kudp_responder *r)
{
	const struct kudp_responder *loop;
	const char *step = "workers";
	bool started = false;
	unsigned int cpu;
	int err;

	lockdep_assert_held(&kudp_lock);
	r->net = current->nsproxy->net_ns;
	err = kudp_check_addresses(r);
	if (err)
		return err;
	loop = kudp_reply_to_loop(r);
	if (loop) {
		pr_err("%s: reply_to: would answer %s, or be answered by it, for ever: want another place\n",
		       kudp_name(r), kudp_name(loop));
		return -EINVAL;
	}
	err = kudp_guard_init(r);
	if (err)
		goto err;
	for_each_possible_cpu(cpu) {
		err = kudp_worker_init(per_cpu_ptr(r->workers, cpu), r, cpu);
		if (err)
			goto err;
	}
	/* Threads first: what arrives once the first socket is bound finds its worker. */
	err = kudp_workers_start(r);
	if (err)
		goto err;
	started = true;
	step = "bind";
	err = kudp_bind(r);
	if (err)
		goto err;

	list_add_tail(&r->list, &kudp_enabled);
	WRITE_ONCE(r->enabled, true);
	pr_info("%s: engine %s on %pISpc\n", kudp_name(r), r->engine->name, &r->address);
	kudp_guard_log(r);
	return 0;

err:
	kudp_teardown(r, started);
	if (err == -EADDRINUSE)
		pr_err("%s: port=%u: already taken on %pISc: want a free one\n", kudp_name(r),
		       r->policy.port, &r->address);
	else if (err == -EADDRNOTAVAIL)
		pr_err("%s: address=%pISc: not on this host: want one of its own, or 0.0.0.0, ::\n",
		       kudp_name(r), &r->address);
	else if (err == -ENETUNREACH || err == -EACCES)
		pr_err("%s: reply_to=%s: want a unicast address that there is a route to\n",
		       kudp_name(r), r->reply_to_text);
	else
		pr_err("%s: enabled=1: %s: error %d\n", kudp_name(r), step, err);
	return err;
}

/* When this returns, nothing is answered any more and no code of the engine runs. */
void kudp_responder_disable(struct kudp_responder *r)
{
	lockdep_assert_held(&kudp_lock);
	if (!r->enabled)
		return;
	WRITE_ONCE(r->enabled, false);
	list_del(&r->list);
	kudp_teardown(r, true);
	kudp_log_summary(r);
	pr_info("%s: stopped\n", kudp_name(r));
}
