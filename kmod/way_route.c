// SPDX-License-Identifier: GPL-2.0-only
/*
 * turnaround=route: addresses and ports are swapped, and the answer leaves through the routing
 * table like any datagram of this host's own, from the address that was asked.
 */
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/udp.h>

#include "compat.h"
#include "reply.h"
#include "route.h"
#include "trace.h"
#include "way.h"

/* Leaves the checksum to the device. @sum is that of the pseudo header. */
static inline void kudp_put_sum(struct sk_buff *skb, __sum16 sum)
{
	struct udphdr *uh = udp_hdr(skb);

	uh->len = htons(skb->len);
	uh->check = ~sum;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
#if IS_ENABLED(CONFIG_IP_SCTP)
	skb->csum_not_inet = 0; /* what a tunnel carries may have left a CRC to the device */
#endif
}

static enum kudp_counter kudp_sent(int err)
{
	return net_xmit_eval(err) ? KUDP_SEND_FAILED : KUDP_ANSWERED;
}

static bool kudp_fits(const struct sk_buff *skb, unsigned int mtu)
{
	return skb_is_gso(skb) ? skb_gso_validate_network_len(skb, mtu) : skb->len <= mtu;
}

static enum kudp_counter kudp_way_ipv4(struct kudp_worker *w, struct sk_buff *skb, bool kept)
{
	struct sock *sk = w->sock->sk;
	struct net *net = sock_net(sk);
	struct udphdr *uh = udp_hdr(skb);
	struct iphdr *iph = ip_hdr(skb);
	__be32 local = iph->daddr, peer = iph->saddr;
	unsigned int mtu, hops;

	/* As for any sender, fails for a @local that is not an address of this host. */
	mtu = kudp_route_ipv4(w, skb, local, peer);
	if (unlikely(!mtu))
		return KUDP_NO_ROUTE;
	if (unlikely(skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)))
		return KUDP_NOT_UNICAST;

	swap(uh->source, uh->dest);
	if (!kept || !kudp_reuse_sum(skb))
		kudp_put_sum(skb, csum_tcpudp_magic(local, peer, skb->len, IPPROTO_UDP, 0));

	trace_kudp_reply(w, skb, 0);
	hops = kudp_guard_hops(&w->responder->guard, iph->ttl, ip4_dst_hoplimit(skb_dst(skb)));
	iph = __skb_push(skb, sizeof(*iph));
	skb_reset_network_header(skb);
	*iph = (struct iphdr){
		.version = 4,
		.ihl = sizeof(*iph) / 4,
		.ttl = hops,
		.protocol = IPPROTO_UDP,
		.saddr = local,
		.daddr = peer,
	};
	/* As for a socket's own: only what may be fragmented needs an id (RFC 6864). */
	if (likely(kudp_fits(skb, mtu))) {
		iph->frag_off = htons(IP_DF);
	} else {
		skb->ignore_df = 1;
		__ip_select_ident(net, iph, skb_shinfo(skb)->gso_segs ?: 1);
	}
	kudp_reply_depart(w, skb);
	return kudp_sent(ip_local_out(net, sk, skb));
}

#if IS_ENABLED(CONFIG_IPV6)
static noinline_for_stack enum kudp_counter kudp_way_ipv6(struct kudp_worker *w,
							  struct sk_buff *skb, int iif,
							  bool kept)
{
	struct udphdr *uh = udp_hdr(skb);
	struct sock *sk = w->sock->sk;
	struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct in6_addr local = ip6h->daddr, peer = ip6h->saddr;
	unsigned int hops;

	if (!kudp_route_ipv6(w, skb, &local, &peer, iif))
		return KUDP_NO_ROUTE;

	swap(uh->source, uh->dest);
	if (!kept || !kudp_reuse_sum(skb))
		kudp_put_sum(skb, csum_ipv6_magic(&local, &peer, skb->len, IPPROTO_UDP, 0));

	trace_kudp_reply(w, skb, 0);
	hops = kudp_guard_hops(&w->responder->guard, ip6h->hop_limit,
			       ip6_dst_hoplimit(skb_dst(skb)));
	ip6h = __skb_push(skb, sizeof(*ip6h));
	skb_reset_network_header(skb);
	ip6_flow_hdr(ip6h, 0, 0);
	ip6h->nexthdr = IPPROTO_UDP;
	ip6h->hop_limit = hops;
	ip6h->saddr = local;
	ip6h->daddr = peer;
	skb->ignore_df = 1;
	kudp_reply_depart(w, skb);
	return kudp_sent(ip6_local_out(sock_net(sk), sk, skb));
}
#else
static enum kudp_counter kudp_way_ipv6(struct kudp_worker *w, struct sk_buff *skb, int iif,
				       bool kept)
{
	return KUDP_NO_ROUTE;
}
#endif

/**
 * kudp_way_route() - send an answer through the routing table
 * @w: this CPU's worker
 * @skb: the answer, with the headers of its request and its data at the UDP header
 * @kept: the payload and the checksum are the request's
 *
 * Context: softirqs disabled, under RCU.
 * Return: KUDP_ANSWERED, or KUDP_SEND_FAILED: @skb is consumed; else why it cannot be sent.
 */
enum kudp_counter kudp_way_route(struct kudp_worker *w, struct sk_buff *skb, bool kept)
{
	int iif = skb->skb_iif;

	kudp_scrub(skb);
	skb->dev = NULL; /* netfilter takes what has one for forwarded */
	/* IP's and IPv6's control blocks; what else uses cb sets it itself. */
	memset(skb->cb, 0, max(sizeof(*IPCB(skb)), sizeof(*IP6CB(skb))));
	if (skb->protocol == htons(ETH_P_IPV6))
		return kudp_way_ipv6(w, skb, iif, kept);
	return kudp_way_ipv4(w, skb, kept);
}
