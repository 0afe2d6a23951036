/* SPDX-License-Identifier: GPL-2.0-only */
/* The second station: may it be asked? What guard.h decides, with what only the kernel knows. */
#ifndef KUDP_INSPECT_H
#define KUDP_INSPECT_H

#include <linux/udp.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "datagram.h"
#include "responder.h"
#include "worker.h"

struct sockaddr_storage;

int kudp_inspect_init(struct kudp_responder *r);
void kudp_inspect_exit(struct kudp_responder *r);
int kudp_credit_init(struct kudp_worker *w);
void kudp_credit_exit(struct kudp_worker *w);
enum kudp_counter kudp_inspect_optional(struct kudp_worker *w, const struct sk_buff *skb);
enum kudp_counter kudp_inspect_sender(struct kudp_worker *w, const struct sockaddr_storage *peer,
				      unsigned int hops);

/**
 * kudp_inspect() - whether a request may be considered at all
 * @w: this CPU's worker
 * @skb: the request, its data at the UDP header
 *
 * Only the route that it came in by knows a subnet's broadcast address.
 *
 * Context: softirqs disabled.
 * Return: KUDP_ACCEPT, or why it is not answered.
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
	if (unlikely(verdict != KUDP_ACCEPT))
		return verdict;
	return unlikely(guard->optional) ? kudp_inspect_optional(w, skb) : KUDP_ACCEPT;
}

#endif
