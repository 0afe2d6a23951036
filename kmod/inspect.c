// SPDX-License-Identifier: GPL-2.0-only
/* What the guard of guard.h needs of the kernel: memory, secrets and the time. */
#include <linux/jiffies.h>
#include <linux/random.h>
#include <net/ip.h>

#include "inspect.h"
#include "ports.h"
#include "ranges.h"
#include "reply.h"

/**
 * kudp_inspect_init() - make a responder's guard of its rules
 * @r: the responder, of which nothing can be received yet
 *
 * Context: may sleep, under kudp_lock.
 * Return: 0 or -ENOMEM; to be undone by kudp_inspect_exit() in either case.
 */
int kudp_inspect_init(struct kudp_responder *r)
{
	r->guard = kudp_guard_make(&r->rules,
				   kudp_payload_source(&r->policy) != KUDP_PAYLOAD_none,
				   r->reply->low_port, kudp_ports, num_online_cpus());
	r->guard.seed = get_random_u64() | 1;
	kudp_port_take(r->policy.port);
	return r->allow ? kudp_ranges_make(&r->guard, r->allow) : 0;
}

/**
 * kudp_inspect_exit() - undo kudp_inspect_init()
 * @r: the responder, of which nothing can be received any more
 *
 * Context: may sleep, under kudp_lock.
 */
void kudp_inspect_exit(struct kudp_responder *r)
{
	kudp_port_release(r);
	kudp_ranges_free(&r->guard);
	memset(&r->guard, 0, sizeof(r->guard));
}

/**
 * kudp_credit_init() - what a worker remembers of requests, as if it had seen none
 * @w: the worker
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int kudp_credit_init(struct kudp_worker *w)
{
	w->credit.full = 0;
	if (!w->responder->guard.rate_prefix.gap)
		return 0;
	w->credit.buckets = kvzalloc_node(KUDP_BUCKETS * sizeof(*w->credit.buckets), GFP_KERNEL,
					  cpu_to_node(w->cpu));
	return w->credit.buckets ? 0 : -ENOMEM;
}

/**
 * kudp_credit_exit() - undo kudp_credit_init(), also where it failed
 * @w: the worker
 *
 * Context: may sleep.
 */
void kudp_credit_exit(struct kudp_worker *w)
{
	kvfree(w->credit.buckets);
	w->credit.buckets = NULL;
}

/* A tick is fine enough for buckets that hold a second's requests, and the cheapest to ask for. */
static u64 kudp_inspect_now(void)
{
	return get_jiffies_64() * (NSEC_PER_SEC / HZ);
}

static enum kudp_counter kudp_inspect_ipv6(struct kudp_worker *w, const struct in6_addr *peer,
					   unsigned int n)
{
	return kudp_guard_ipv6(&w->responder->guard, &w->credit, kudp_address_of(peer),
			       kudp_inspect_now(), n);
}

static enum kudp_counter kudp_inspect_ipv4(struct kudp_worker *w, __be32 peer, unsigned int n)
{
	return kudp_guard_ipv4(&w->responder->guard, &w->credit, ntohl(peer),
			       kudp_inspect_now(), n);
}

/**
 * kudp_inspect_optional() - the rules that cost a look-up
 * @w: this CPU's worker
 * @skb: the request
 *
 * Context: softirqs disabled.
 * Return: KUDP_ACCEPT, or why it is not answered.
 */
enum kudp_counter kudp_inspect_optional(struct kudp_worker *w, const struct sk_buff *skb)
{
	unsigned int n = kudp_datagrams(skb);

	if (skb->protocol == htons(ETH_P_IPV6))
		return kudp_inspect_ipv6(w, &ipv6_hdr(skb)->saddr, n);
	return kudp_inspect_ipv4(w, ip_hdr(skb)->saddr, n);
}

/**
 * kudp_inspect_sender() - all rules on a datagram that was read from a socket
 * @w: the worker
 * @peer: its sender
 * @hops: TTL or hop limit that it came in with
 *
 * Context: @w's thread.
 * Return: KUDP_ACCEPT, or why it is not answered.
 */
enum kudp_counter kudp_inspect_sender(struct kudp_worker *w, const struct sockaddr_storage *peer,
				      unsigned int hops)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)peer;
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)peer)->sin6_addr;
	const struct kudp_guard *guard = &w->responder->guard;
	bool ipv6 = peer->ss_family == AF_INET6 && !ipv6_addr_v4mapped(in6);
	__be32 ipv4 = peer->ss_family == AF_INET6 ? in6->s6_addr32[3] : in4->sin_addr.s_addr;
	enum kudp_counter verdict;

	if (!(ipv6 ? kudp_is_unicast_ipv6(in6->s6_addr) : kudp_is_unicast_ipv4(ntohl(ipv4))))
		return KUDP_NOT_UNICAST;
	/* Both families have the port in the same place. */
	verdict = kudp_guard_source(guard, ntohs(in4->sin_port), hops);
	if (verdict != KUDP_ACCEPT || !guard->optional)
		return verdict;
	return ipv6 ? kudp_inspect_ipv6(w, in6, 1) : kudp_inspect_ipv4(w, ipv4, 1);
}
