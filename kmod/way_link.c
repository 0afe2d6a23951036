// SPDX-License-Identifier: GPL-2.0-only
/*
 * turnaround=link: the answer leaves through the device that its request came in by, to the
 * station that sent it there. It passes by the routing table, the neighbour table, IPsec, and what
 * netfilter and BPF do to a host's own datagrams; the device's queueing discipline still counts.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/udp.h>

#include "trace.h"
#include "way.h"

static bool kudp_link_is_usable(const struct net_device *dev)
{
	return dev->type == ARPHRD_ETHER && !(dev->flags & (IFF_LOOPBACK | IFF_NOARP));
}

/**
 * kudp_way_link_possible() - whether a responder's device can serve turnaround=link
 * @r: the responder, whose namespace is set
 *
 * Context: any.
 * Return: false if the device of its address, if it has just one, is not usable.
 */
bool kudp_way_link_possible(const struct kudp_responder *r)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&r->address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&r->address;
	struct net_device *dev;
	bool possible;

	if (kudp_is_wildcard(r))
		return true;
	rcu_read_lock();
	if (r->address.ss_family == AF_INET6)
		dev = ipv6_dev_find(r->net, &in6->sin6_addr, NULL);
	else
		dev = __ip_dev_find(r->net, in4->sin_addr.s_addr, false);
	possible = !dev || kudp_link_is_usable(dev); /* without one, binding says so */
	rcu_read_unlock();
	return possible;
}

/*
 * Only a datagram that lies in its frame as an answer would can be turned there: an Ethernet
 * header, an IP header without options, no fragments or super-packet, the payload kept.
 */
static bool kudp_link_fits(const struct kudp_worker *w, const struct sk_buff *skb)
{
	unsigned int header = skb_transport_offset(skb) - skb_network_offset(skb);

	/*
	 * A MAC header that was not set is not where one of this length would be, and a frame can
	 * claim to be from a group of stations.
	 */
	return kudp_keeps_payload(&w->responder->policy) && kudp_link_is_usable(skb->dev) &&
	       skb->network_header - skb->mac_header == ETH_HLEN &&
	       !is_multicast_ether_addr(eth_hdr(skb)->h_source) &&
	       skb->len + header <= READ_ONCE(skb->dev->mtu) && !skb_is_gso(skb) &&
	       header == (skb->protocol == htons(ETH_P_IPV6) ? sizeof(struct ipv6hdr) :
							       sizeof(struct iphdr));
}

/* UDP may have cut off what lay behind its datagram, so that the lengths are not the request's. */
static void kudp_link_turn_ip(struct sk_buff *skb, const struct net *net,
			      const struct kudp_guard *guard)
{
	struct ipv6hdr *ip6h;
	struct iphdr *iph;

	if (skb->protocol == htons(ETH_P_IPV6)) {
		ip6h = ipv6_hdr(skb);
		swap(ip6h->saddr, ip6h->daddr);
		ip6h->payload_len = htons(skb->len);
		ip6_flow_hdr(ip6h, 0, 0);
		ip6h->hop_limit = kudp_guard_hops(guard, ip6h->hop_limit,
						  READ_ONCE(net->ipv6.devconf_all->hop_limit));
		return;
	}
	iph = ip_hdr(skb);
	swap(iph->saddr, iph->daddr);
	iph->tos = 0;
	iph->tot_len = htons(sizeof(*iph) + skb->len);
	iph->id = 0;
	iph->frag_off = htons(IP_DF);
	iph->ttl = kudp_guard_hops(guard, iph->ttl, READ_ONCE(net->ipv4.sysctl_ip_default_ttl));
	/* ip_send_check(), without the call. */
	iph->check = 0;
	iph->check = ip_fast_csum(iph, sizeof(*iph) / 4);
}

/* By way of registers: an array would want a stack frame. */
static void kudp_link_turn_ethernet(struct ethhdr *eth)
{
	u32 head = get_unaligned((u32 *)eth->h_source);
	u16 tail = get_unaligned((u16 *)(eth->h_source + sizeof(head)));

	ether_addr_copy(eth->h_source, eth->h_dest);
	put_unaligned(head, (u32 *)eth->h_dest);
	put_unaligned(tail, (u16 *)(eth->h_dest + sizeof(head)));
}

/**
 * kudp_way_link() - turn a request around in its frame, back through the device that it came by
 * @w: this CPU's worker, of a responder with turnaround=link
 * @skb: the request, its data at the UDP header
 *
 * Context: softirq, under RCU.
 * Return: KUDP_ANSWERED, or KUDP_SEND_FAILED: @skb is consumed. KUDP_ACCEPT: it does not fit and is
 * to be routed.
 */
enum kudp_counter kudp_way_link(struct kudp_worker *w, struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct udphdr *uh;
	int err;

	if (unlikely(!kudp_link_fits(w, skb)) || !kudp_reuse_sum(skb) ||
	    skb_unclone(skb, GFP_ATOMIC))
		return KUDP_ACCEPT;
	kudp_scrub(skb);
	uh = udp_hdr(skb);
	swap(uh->source, uh->dest);
	kudp_link_turn_ip(skb, dev_net(dev), &w->responder->guard);

	trace_kudp_reply(w, skb, 0);
	__skb_push(skb, skb->data - skb_mac_header(skb));
	kudp_link_turn_ethernet((struct ethhdr *)skb->data);
	err = dev_queue_xmit(skb);
	return unlikely(net_xmit_eval(err)) ? KUDP_SEND_FAILED : KUDP_ANSWERED;
}
