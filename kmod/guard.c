// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guard of guard.h needs of the kernel: the ports of all responders, memory, secrets and
 * the time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/random.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "datagram.h"
#include "kudp.h"

/* Of all namespaces: the responders of one host are often each other's neighbours. */
static DECLARE_BITMAP(kudp_ports, KUDP_PORTS);

static void kudp_port_clear(const struct kudp_responder *gone)
{
	struct kudp_responder *r;

	list_for_each_entry(r, &kudp_enabled, list)
		if (r != gone && r->policy.port == gone->policy.port)
			return;
	clear_bit(gone->policy.port, kudp_ports);
}

/* Puts into @guard those of the allowed prefixes that are IPv4's, in an array of its own. */
static int kudp_guard_allow_ipv4(struct kudp_guard *guard, const struct kudp_address *first,
				 const struct kudp_address *last, unsigned int ranges)
{
	unsigned int i, n = roundup_pow_of_two(ranges);
	u32 *array = kvmalloc_array(2 * n, sizeof(*array), GFP_KERNEL);

	if (!array)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		array[i] = first[min(i, ranges - 1)].low;
		array[n + i] = last[min(i, ranges - 1)].low;
	}
	guard->allow_ipv4 = (struct kudp_ranges_ipv4){ .n = n, .first = array };
	return 0;
}

static int kudp_guard_allow_ipv6(struct kudp_guard *guard, const struct kudp_address *first,
				 const struct kudp_address *last, unsigned int ranges)
{
	unsigned int i, n = roundup_pow_of_two(ranges);
	struct kudp_address *array = kvmalloc_array(2 * n, sizeof(*array), GFP_KERNEL);

	if (!array)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		array[i] = first[min(i, ranges - 1)];
		array[n + i] = last[min(i, ranges - 1)];
	}
	guard->allow_ipv6 = (struct kudp_ranges_ipv6){ .n = n, .first = array };
	return 0;
}

static int kudp_guard_allow(struct kudp_guard *guard, const struct kudp_allow *allow)
{
	struct kudp_address *first, *last;
	unsigned int ranges;
	int err = 0;

	first = kvmalloc_array(2 * KUDP_ALLOW_MAX, sizeof(*first), GFP_KERNEL);
	if (!first)
		return -ENOMEM;
	last = first + KUDP_ALLOW_MAX;
	ranges = kudp_prefixes_merge(allow->prefixes, allow->n, true, first, last);
	if (ranges)
		err = kudp_guard_allow_ipv4(guard, first, last, ranges);
	ranges = kudp_prefixes_merge(allow->prefixes, allow->n, false, first, last);
	if (ranges && !err)
		err = kudp_guard_allow_ipv6(guard, first, last, ranges);
	kvfree(first);
	guard->allow = true;
	guard->optional = true;
	return err;
}

/* Before anything can be received. Undone by kudp_guard_exit(), also where it failed. */
int kudp_guard_init(struct kudp_responder *r)
{
	r->guard = kudp_guard_make(&r->rules, r->policy.reply != KUDP_DISCARD,
				   r->policy.reply == KUDP_STAMP, kudp_ports, num_online_cpus());
	r->guard.seed = get_random_u64() | 1;
	set_bit(r->policy.port, kudp_ports);
	return r->allow ? kudp_guard_allow(&r->guard, r->allow) : 0;
}

void kudp_guard_exit(struct kudp_responder *r)
{
	kudp_port_clear(r);
	kvfree(r->guard.allow_ipv4.first);
	kvfree(r->guard.allow_ipv6.first);
	memset(&r->guard, 0, sizeof(r->guard));
}

int kudp_credit_init(struct kudp_worker *w)
{
	w->credit.full = 0;
	if (!w->responder->guard.rate_prefix.gap)
		return 0;
	w->credit.buckets = kvzalloc_node(KUDP_BUCKETS * sizeof(*w->credit.buckets), GFP_KERNEL,
					  cpu_to_node(w->cpu));
	return w->credit.buckets ? 0 : -ENOMEM;
}

void kudp_credit_exit(struct kudp_worker *w)
{
	kvfree(w->credit.buckets);
	w->credit.buckets = NULL;
}

/* A tick is fine enough for buckets that hold a second's requests, and the cheapest to ask for. */
static u64 kudp_guard_now(void)
{
	return get_jiffies_64() * (NSEC_PER_SEC / HZ);
}

static enum kudp_counter kudp_guard_peer_ipv6(struct kudp_worker *w, const struct in6_addr *peer,
					      unsigned int n)
{
	return kudp_guard_ipv6(&w->responder->guard, &w->credit, kudp_address_of(peer),
			       kudp_guard_now(), n);
}

static enum kudp_counter kudp_guard_peer_ipv4(struct kudp_worker *w, __be32 peer, unsigned int n)
{
	return kudp_guard_ipv4(&w->responder->guard, &w->credit, ntohl(peer), kudp_guard_now(), n);
}

/* The rules that cost a look-up. */
enum kudp_counter kudp_guard_optional(struct kudp_worker *w, const struct sk_buff *skb)
{
	unsigned int n = kudp_datagrams(skb);

	if (skb->protocol == htons(ETH_P_IPV6))
		return kudp_guard_peer_ipv6(w, &ipv6_hdr(skb)->saddr, n);
	return kudp_guard_peer_ipv4(w, ip_hdr(skb)->saddr, n);
}

/* All rules on one datagram that was received through a socket, with @hops left. */
enum kudp_counter kudp_guard_sender(struct kudp_worker *w, const struct sockaddr_storage *peer,
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
	if (verdict != KUDP_ANSWERED || !guard->optional)
		return verdict;
	return ipv6 ? kudp_guard_peer_ipv6(w, in6, 1) : kudp_guard_peer_ipv4(w, ipv4, 1);
}

static bool kudp_is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET6)
		return ipv6_addr_loopback(&in6->sin6_addr);
	return ipv4_is_loopback(((const struct sockaddr_in *)address)->sin_addr.s_addr);
}

/* Where others can ask: one line that says who may, how often, and which rules the reply leaves. */
void kudp_guard_log(const struct kudp_responder *r)
{
	const struct kudp_guard *guard = &r->guard;
	char allow[32] = "all";

	if (kudp_is_loopback(&r->address))
		return;
	if (r->allow)
		snprintf(allow, sizeof(allow), "%u prefixes", r->allow->n);
	pr_info("%s: open to the network: reply %s, allow %s, rate %u, rate_prefix %u (0: any), amplify %d, guard_low_port %d, guard_responder_port %d, guard_hop_limit %d\n",
		kudp_name(r), kudp_replies[r->policy.reply], allow, r->rules.rate,
		r->rules.rate_prefix, r->policy.amplify, guard->first_port > 1, !!guard->ports,
		guard->hop_limit);
}
