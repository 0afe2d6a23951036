// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of a request that may be answered, in the skb it came in: the reply is put where the
 * request was, and leaves by route or by link.
 */
#include <net/ip.h>
#include <net/ipv6.h>

#include "answer.h"
#include "compat.h"
#include "datagram.h"
#include "drop.h"
#include "reply.h"
#include "test_delay.h"
#include "trace.h"
#include "way.h"

static __always_inline enum kudp_counter kudp_answer_routed(struct kudp_worker *w,
							    struct sk_buff *skb,
							    unsigned int datagrams, bool summed)
{
	const struct kudp_policy *policy = &w->responder->policy;
	enum kudp_counter verdict = kudp_decide(policy, kudp_payload(skb));

	if (unlikely(verdict != KUDP_ACCEPT))
		return verdict;
	/*
	 * A copy only where somebody else holds the skb too, such as a packet capture. There is
	 * room for the new IP header where the old one is; IP makes more if the link needs it.
	 */
	if (skb_unclone(skb, GFP_ATOMIC))
		return KUDP_NO_MEMORY;
	/* One datagram leaves as one, in fragments if it has to; no device cuts it up. */
	if (unlikely(skb_is_gso(skb)) && datagrams == 1)
		skb_gso_reset(skb);
	verdict = kudp_reply_make(w, skb);
	if (unlikely(verdict != KUDP_ACCEPT))
		return verdict;
	kudp_test_delay();
	return kudp_way_route(w, skb, summed && kudp_keeps_payload(policy));
}

/**
 * kudp_answer() - answer a request
 * @w: this CPU's worker
 * @skb: the request, which kudp_inspect() has passed and nobody else queues, its data at the UDP
 *	header. It is consumed. A super-packet, whose datagrams are answered as one, is a reply's
 *	that keeps the payload.
 * @summed: its checksum field is the sender's, or ip_summed says what it lacks
 *
 * What became of it is counted in @w->answered.
 *
 * Context: softirqs disabled, under RCU.
 */
void kudp_answer(struct kudp_worker *w, struct sk_buff *skb, bool summed)
{
	const struct kudp_responder *r = w->responder;
	unsigned int datagrams = kudp_datagrams(skb);
	enum kudp_counter verdict = KUDP_ACCEPT;

	if (r->link)
		verdict = kudp_way_link(w, skb);
	if (verdict == KUDP_ACCEPT)
		verdict = kudp_answer_routed(w, skb, datagrams, summed);
	if (likely(verdict == KUDP_ANSWERED)) {
		kudp_count(&w->answered, KUDP_ANSWERED, datagrams);
	} else if (verdict == KUDP_SEND_FAILED) {
		/* The network has had the skb, or has freed it. */
		kudp_count(&w->answered, verdict, datagrams);
		trace_kudp_refuse(w, skb, datagrams, verdict);
	} else {
		kudp_drop(w, &w->answered, skb, datagrams, verdict);
	}
}
