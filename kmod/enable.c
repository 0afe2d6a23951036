// SPDX-License-Identifier: GPL-2.0-only
/* Brings a responder up, and down in one order. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/filter.h>
#include <linux/ipv6.h>
#include <linux/nsproxy.h>
#include <net/route.h>
#include <net/sock_reuseport.h>

#include "allow.h"
#include "enable.h"
#include "engine.h"
#include "hook.h"
#include "inspect.h"
#include "log.h"
#include "reply.h"
#include "reply_to.h"
#include "way.h"
#include "workers.h"

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

	for_each_possible_cpu(cpu) {
		struct kudp_worker *w = per_cpu_ptr(r->workers, cpu);

		if (w->sock)
			r->hook->detach(w);
	}
	synchronize_net();
	if (started)
		kudp_workers_stop(r);
	for_each_possible_cpu(cpu)
		kudp_worker_exit(per_cpu_ptr(r->workers, cpu));
	kudp_inspect_exit(r);
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
	if (r->link && !kudp_way_link_possible(r)) {
		pr_err("%s: turnaround=link: want an address on an Ethernet device, not %pISc\n",
		       kudp_name(r), &r->address);
		return -EOPNOTSUPP;
	}
	return 0;
}

static bool kudp_is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET6)
		return ipv6_addr_loopback(&in6->sin6_addr);
	return ipv4_is_loopback(((const struct sockaddr_in *)address)->sin_addr.s_addr);
}

/* Where others can ask: one line that says who may, how often, and which rules the reply leaves. */
static void kudp_say_open(const struct kudp_responder *r)
{
	const struct kudp_guard *guard = &r->guard;
	char allow[32] = "all";

	if (kudp_is_loopback(&r->address))
		return;
	if (r->allow)
		snprintf(allow, sizeof(allow), "%u prefixes", r->allow->n);
	pr_info("%s: open to the network: reply %s, allow %s, rate %u, rate_prefix %u (0: any), amplify %d, guard_low_port %d, guard_responder_port %d, guard_hop_limit %d\n",
		kudp_name(r), r->reply->name, allow, r->rules.rate,
		r->rules.rate_prefix, r->policy.amplify, guard->first_port > 1, !!guard->ports,
		guard->hop_limit);
}

static void kudp_say_failed(const struct kudp_responder *r, const char *step, int err)
{
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
}

/**
 * kudp_responder_enable() - serve
 * @r: the responder, disabled
 *
 * It serves its address in the network namespace of the calling task.
 *
 * Context: may sleep, under kudp_lock.
 * Return: 0, or an errno with nothing left behind and one line in the log.
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
	r->hook = kudp_hook_of(r);
	err = kudp_check_addresses(r);
	if (err)
		return err;
	loop = kudp_reply_to_loop(r);
	if (loop) {
		pr_err("%s: reply_to: would answer %s, or be answered by it, for ever: want another place\n",
		       kudp_name(r), kudp_name(loop));
		return -EINVAL;
	}
	err = kudp_inspect_init(r);
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
	kudp_say_open(r);
	return 0;

err:
	kudp_teardown(r, started);
	kudp_say_failed(r, step, err);
	return err;
}

/**
 * kudp_responder_disable() - stop
 * @r: the responder; one that is disabled is left as it is
 *
 * When this returns, nothing is answered any more and no code of the hook or the engine runs.
 *
 * Context: may sleep, under kudp_lock.
 */
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
