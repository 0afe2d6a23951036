/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_RECEIVE_H
#define KUDP_RECEIVE_H

#include <linux/udp.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "kudp.h"

void kudp_hook_datagrams(struct kudp_worker *w, int (*receive)(struct sock *, struct sk_buff *));
void kudp_hook_queue(struct kudp_worker *w, void (*ready)(struct sock *));
void kudp_unhook(struct kudp_worker *w);
void kudp_receive_refuse(struct kudp_worker *w, struct sk_buff *skb, enum kudp_counter reason);
struct sk_buff *kudp_receive_queued(struct sock *sk, struct kudp_worker *w);

/*
 * Whether a datagram may be considered at all: KUDP_ANSWERED, or why not. Only the route that it
 * came in by knows a subnet's broadcast address.
 */
static __always_inline enum kudp_counter kudp_inspect(struct kudp_worker *w,
						      const struct sk_buff *skb)
{
	const struct kudp_guard *guard = &w->responder->guard;
	enum kudp_counter verdict;
	unsigned int hops;

	if (unlikely(skb->pkt_type != PACKET_HOST))
		return KUDP_NOT_UNICAST;
	if (skb->protocol == htons(ETH_P_IPV6)) {
		if (unlikely(ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr) ||
			     !kudp_is_unicast_ipv6(ipv6_hdr(skb)->saddr.s6_addr)))
			return KUDP_NOT_UNICAST;
		hops = ipv6_hdr(skb)->hop_limit;
	} else {
		if (unlikely(skb_rtable(skb) &&
			     skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)))
			return KUDP_NOT_UNICAST;
		if (unlikely(!kudp_is_unicast_ipv4(ntohl(ip_hdr(skb)->saddr))))
			return KUDP_NOT_UNICAST;
		hops = ip_hdr(skb)->ttl;
	}
	if (unlikely(ntohs(udp_hdr(skb)->len) != skb->len))
		return KUDP_MALFORMED;
	verdict = kudp_guard_source(guard, ntohs(udp_hdr(skb)->source), hops);
	if (unlikely(verdict != KUDP_ANSWERED))
		return verdict;
	return unlikely(guard->optional) ? kudp_guard_optional(w, skb) : KUDP_ANSWERED;
}

/*
 * For encap_rcv, which has traced kudp_receive: counts @skb, whose data is at the UDP header and
 * whose checksum was verified. If false it may not be answered and is gone.
 */
static __always_inline bool kudp_receive(struct kudp_worker *w, struct sk_buff *skb)
{
	enum kudp_counter verdict;

	/* Segments of a super-packet arrive chained to each other. */
	skb_mark_not_on_list(skb);

	kudp_count(&w->received, KUDP_RECEIVED, 1);
	verdict = kudp_inspect(w, skb);
	if (likely(verdict == KUDP_ANSWERED))
		return true;
	kudp_receive_refuse(w, skb, verdict);
	return false;
}

#endif
