// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways back, remembered by each worker for the peers it answered last: a look-up in the routing
 * table costs as much as all the rest of an answer. An entry counts only as long as dst_check()
 * says so, as for a connected socket: a change of routes or addresses takes effect at once.
 */
#include <linux/hash.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "route.h"
#include "worker.h"

#define KUDP_ROUTE_BITS 8	/* direct-mapped: two peers that meet cost look-ups, no search */

struct kudp_route {
	struct dst_entry *dst;
	u32 cookie;		/* for dst_check() */
	unsigned int mtu;	/* IPv4; 0: ask dst */
	int iif;		/* IPv6: only who asked through this device is answered; 0: any */
	struct in6_addr peer;	/* IPv4: mapped */
	struct in6_addr local;
};

/**
 * kudp_routes_init() - a table that remembers no route yet
 * @w: the worker that it is for
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int kudp_routes_init(struct kudp_worker *w)
{
	w->routes = kvzalloc_node(sizeof(*w->routes) << KUDP_ROUTE_BITS, GFP_KERNEL,
				  cpu_to_node(w->cpu));
	return w->routes ? 0 : -ENOMEM;
}

/**
 * kudp_routes_exit() - forget all routes
 * @w: the worker, which uses them no more; kudp_routes_init() may have failed
 *
 * Context: may sleep.
 */
void kudp_routes_exit(struct kudp_worker *w)
{
	int i;

	if (!w->routes)
		return;
	for (i = 0; i < 1 << KUDP_ROUTE_BITS; i++)
		dst_release(w->routes[i].dst);
	kvfree(w->routes);
	w->routes = NULL;
}

/*
 * Where a rule or an IPsec policy may look at ports, what holds for a peer need not hold for its
 * next datagram; whether a rule of the way out does, the kernel does not say. A change of either
 * makes dst_check() fail.
 */
static bool kudp_route_is_by_port(const struct net *net)
{
#ifdef CONFIG_XFRM
	if (net->xfrm.policy_count[XFRM_POLICY_OUT])
		return true;
#endif
#if IS_ENABLED(CONFIG_IPV6)
	if (fib6_has_custom_rules(net))
		return true;
#endif
	return fib4_has_custom_rules(net);
}

/* Remembers the route that @skb holds. */
static void kudp_route_keep(struct kudp_worker *w, struct kudp_route *route,
			    const struct in6_addr *local, const struct in6_addr *peer,
			    const struct sk_buff *skb, u32 cookie, int iif)
{
	struct dst_entry *dst = skb_dst(skb);

	if (kudp_route_is_by_port(sock_net(w->sock->sk)))
		return;
	dst_release(route->dst);
	route->dst = dst_clone(dst);
	route->cookie = cookie;
	/* What path MTU discovery found expires; any other change makes the route invalid. */
	route->mtu = dst->expires ? 0 : dst_mtu(dst);
	route->iif = iif;
	route->local = *local;
	route->peer = *peer;
}

static noinline unsigned int kudp_route_look_up_ipv4(struct kudp_worker *w, struct sk_buff *skb,
						     struct kudp_route *route, __be32 local,
						     __be32 peer)
{
	struct in6_addr mapped_local, mapped_peer;
	struct sock *sk = w->sock->sk;
	struct udphdr *uh = udp_hdr(skb);
	struct flowi4 fl4;
	struct rtable *rt;

	flowi4_init_output(&fl4, 0, 0, 0, RT_SCOPE_UNIVERSE, IPPROTO_UDP, 0, peer, local,
			   uh->source, uh->dest, sk->sk_uid);
	rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
	if (IS_ERR(rt))
		return 0;
	skb_dst_set(skb, &rt->dst);
	ipv6_addr_set_v4mapped(local, &mapped_local);
	ipv6_addr_set_v4mapped(peer, &mapped_peer);
	kudp_route_keep(w, route, &mapped_local, &mapped_peer, skb, 0, 0);
	return dst_mtu(&rt->dst);
}

/**
 * kudp_route_ipv4() - find the way from one address to another
 * @w: this CPU's worker
 * @skb: the answer, with its request's ports; gets the route, without a reference
 * @local: the address that was asked
 * @peer: who asked
 *
 * Context: softirqs disabled, under RCU for as long as @skb has the route.
 * Return: the route's MTU; 0 if there is none, or @local is not an address of this host.
 */
unsigned int kudp_route_ipv4(struct kudp_worker *w, struct sk_buff *skb, __be32 local, __be32 peer)
{
	struct kudp_route *route = &w->routes[hash_32((__force u32)peer, KUDP_ROUTE_BITS)];

	if (unlikely(!route->dst || route->peer.s6_addr32[3] != peer ||
		     route->local.s6_addr32[3] != local || !ipv6_addr_v4mapped(&route->peer) ||
		     !dst_check(route->dst, 0)))
		return kudp_route_look_up_ipv4(w, skb, route, local, peer);
	skb_dst_set_noref(skb, route->dst);
	return route->mtu ?: dst_mtu(route->dst);
}

#if IS_ENABLED(CONFIG_IPV6)
static noinline bool kudp_route_look_up_ipv6(struct kudp_worker *w, struct sk_buff *skb,
					     struct kudp_route *route,
					     const struct in6_addr *local,
					     const struct in6_addr *peer, int iif)
{
	bool scoped = ipv6_addr_type(peer) & IPV6_ADDR_LINKLOCAL;
	struct sock *sk = w->sock->sk;
	struct udphdr *uh = udp_hdr(skb);
	struct flowi6 fl6 = {
		.flowi6_oif = scoped ? iif : 0,
		.flowi6_proto = IPPROTO_UDP,
		.daddr = *peer,
		.saddr = *local,
		.fl6_dport = uh->source,
		.fl6_sport = uh->dest,
		.flowi6_uid = sk->sk_uid,
	};
	struct dst_entry *dst;
	struct rt6_info *rt;
	int own = 0;

	dst = ip6_dst_lookup_flow(sock_net(sk), sk, &fl6, NULL);
	if (IS_ERR(dst))
		return false;
	rt = (struct rt6_info *)dst;
	/* Unlike IPv4, IPv6 lets in from outside what claims to be from an address of this host. */
	if (rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST))
		own = dst->dev->ifindex;
	if (own && own != iif) {
		dst_release(dst);
		return false;
	}
	skb_dst_set(skb, dst);
	if (!scoped)
		kudp_route_keep(w, route, local, peer, skb, rt6_get_cookie(rt), own);
	return true;
}

/**
 * kudp_route_ipv6() - find the way from one address to another
 * @w: this CPU's worker
 * @skb: the answer, with its request's ports; gets the route, without a reference
 * @local: the address that was asked
 * @peer: who asked; a link-local one is of the interface @iif
 * @iif: the interface that the request came in by
 *
 * Context: softirqs disabled, under RCU for as long as @skb has the route.
 * Return: false if there is none; also for an address of this host, unless that is how this host
 * asks itself.
 */
bool kudp_route_ipv6(struct kudp_worker *w, struct sk_buff *skb, const struct in6_addr *local,
		     const struct in6_addr *peer, int iif)
{
	struct kudp_route *route = &w->routes[hash_32(ipv6_addr_hash(peer), KUDP_ROUTE_BITS)];

	if (unlikely(!route->dst || !ipv6_addr_equal(&route->peer, peer) ||
		     !ipv6_addr_equal(&route->local, local) ||
		     !dst_check(route->dst, route->cookie)))
		return kudp_route_look_up_ipv6(w, skb, route, local, peer, iif);
	if (unlikely(route->iif && route->iif != iif))
		return false;
	skb_dst_set_noref(skb, route->dst);
	return true;
}
#endif
