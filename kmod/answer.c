// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers a request in the skb it came in: addresses and ports swapped, payload kept or replaced,
 * and out through the routing table like any datagram of this host's own.
 */
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/udp.h>

#include "answer.h"
#include "compat.h"
#include "datagram.h"
#include "route.h"
#include "stamp_reflect.h"
#include "test_delay.h"
#include "trace.h"

/* Replaces the payload by the worker's copy of the text, without copying it. */
static enum kudp_counter kudp_put_text(struct kudp_worker *w, struct sk_buff *skb)
{
	unsigned int len = w->responder->policy.text_len;

	if (pskb_trim(skb, sizeof(struct udphdr)))
		return KUDP_NO_MEMORY;
	if (!len)
		return KUDP_ANSWERED;
	get_page(w->text);
	skb_add_rx_frag(skb, 0, w->text, 0, len, PAGE_SIZE);
	/* Nobody on the way may write into it, as what decrypts in place does. */
	skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	return KUDP_ANSWERED;
}

/* Puts the reply where the request was; with "echo" it is there. */
static inline enum kudp_counter kudp_put_reply(struct kudp_worker *w, struct sk_buff *skb)
{
	switch (w->responder->policy.reply) {
	case KUDP_TEXT:
		return kudp_put_text(w, skb);
	case KUDP_STAMP:
		return kudp_stamp_answer_skb(w, skb);
	default:
		return KUDP_ANSWERED;
	}
}

/* The last look at @skb before the network has it. */
static inline void kudp_leave(const struct kudp_worker *w, struct sk_buff *skb)
{
	if (unlikely(w->responder->policy.reply == KUDP_STAMP))
		kudp_stamp_leave(kudp_stamp_packet(skb));
}

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

static enum kudp_counter kudp_answer_ipv4(struct kudp_worker *w, struct sk_buff *skb, bool kept)
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
	if (!kept || !kudp_keeps_sum(skb))
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
	kudp_leave(w, skb);
	return kudp_sent(ip_local_out(net, sk, skb));
}

#if IS_ENABLED(CONFIG_IPV6)
static noinline_for_stack enum kudp_counter kudp_answer_ipv6(struct kudp_worker *w,
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
	if (!kept || !kudp_keeps_sum(skb))
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
	kudp_leave(w, skb);
	return kudp_sent(ip6_local_out(sock_net(sk), sk, skb));
}
#else
static enum kudp_counter kudp_answer_ipv6(struct kudp_worker *w, struct sk_buff *skb, int iif,
					  bool kept)
{
	return KUDP_NO_ROUTE;
}
#endif

/*
 * Answers @skb, which is the caller's alone with its data at the UDP header and its length checked,
 * and consumes it. A super-packet, whose datagrams are answered as one, must be an echo's.
 * @summed: its checksum field is the sender's, or ip_summed says what it lacks.
 * Softirqs are disabled and RCU is held.
 */
void kudp_answer(struct kudp_worker *w, struct sk_buff *skb, bool summed)
{
	const struct kudp_policy *policy = &w->responder->policy;
	unsigned int datagrams = kudp_datagrams(skb);
	bool kept = summed && policy->reply == KUDP_ECHO;
	int iif = skb->skb_iif;
	enum kudp_counter verdict;

	verdict = kudp_decide(policy, kudp_payload(skb));
	if (verdict != KUDP_ANSWERED)
		goto drop;
	/*
	 * A copy only where somebody else holds the skb too, such as a packet capture. There is
	 * room for the new IP header where the old one is; IP makes more if the link needs it.
	 */
	verdict = KUDP_NO_MEMORY;
	if (skb_unclone(skb, GFP_ATOMIC))
		goto drop;
	/* One datagram leaves as one, in fragments if it has to; no device cuts it up. */
	if (unlikely(skb_is_gso(skb)) && datagrams == 1)
		skb_gso_reset(skb);
	verdict = kudp_put_reply(w, skb);
	if (unlikely(verdict != KUDP_ANSWERED))
		goto drop;

	kudp_test_delay();
	kudp_scrub(skb);
	skb->dev = NULL; /* netfilter takes what has one for forwarded */
	/* IP's and IPv6's control blocks; what else uses cb sets it itself. */
	memset(skb->cb, 0, max(sizeof(*IPCB(skb)), sizeof(*IP6CB(skb))));
	if (skb->protocol == htons(ETH_P_IPV6))
		verdict = kudp_answer_ipv6(w, skb, iif, kept);
	else
		verdict = kudp_answer_ipv4(w, skb, kept);
	kudp_count(&w->answered, verdict, datagrams);
	if (likely(verdict == KUDP_ANSWERED))
		return;
	trace_kudp_refuse(w, skb, datagrams, verdict);
	/* From send_failed on the network has the skb, or has freed it. */
	if (verdict != KUDP_SEND_FAILED)
		kfree_skb(skb);
	return;

drop:
	kudp_count(&w->answered, verdict, datagrams);
	trace_kudp_refuse(w, skb, datagrams, verdict);
	if (verdict == KUDP_DISCARDED)
		consume_skb(skb);
	else
		kfree_skb(skb);
}
