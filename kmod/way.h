/* SPDX-License-Identifier: GPL-2.0-only */
/* The last station: how an answer leaves. Each way is one file, way_NAME.c. */
#ifndef KUDP_WAY_H
#define KUDP_WAY_H

#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/dst.h>

#include "responder.h"
#include "worker.h"

enum kudp_counter kudp_way_route(struct kudp_worker *w, struct sk_buff *skb, bool kept);

enum kudp_counter kudp_way_link(struct kudp_worker *w, struct sk_buff *skb);
bool kudp_way_link_possible(const struct kudp_responder *r);

/* Nothing of the way in may show on the way out, such as marks, timestamps or conntrack. */
static inline void kudp_scrub(struct sk_buff *skb)
{
	skb_orphan(skb);
	skb_scrub_packet(skb, true);
	skb_init_secmark(skb);
	skb_reset_redirect(skb);
	skb_shinfo(skb)->tx_flags = 0;
	skb->encapsulation = 0;
	skb->priority = 0;
}

/**
 * kudp_reuse_sum() - have an answer leave with the checksum of its request
 * @skb: the request, whose payload is the answer's and whose checksum is complete or says by
 *	ip_summed what it lacks
 *
 * Swapping addresses and ports does not change a checksum: one that was verified still holds, and
 * one that the device is to complete (CHECKSUM_PARTIAL) is where it was. Whether that is the UDP
 * header's is the word of a device, so it is looked at.
 *
 * Return: false if the checksum has to be made up anew.
 */
static inline bool kudp_reuse_sum(struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		return skb->csum_start == skb_transport_header(skb) - skb->head &&
		       skb->csum_offset == offsetof(struct udphdr, check);
	skb->ip_summed = CHECKSUM_NONE;
	return true;
}

#endif
