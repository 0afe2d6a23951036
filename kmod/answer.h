/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_ANSWER_H
#define KUDP_ANSWER_H

#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "kudp.h"

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

/*
 * Swapping addresses and ports does not change a checksum: where the payload was kept, one that was
 * complete and verified still holds, and one that the device is to complete (CHECKSUM_PARTIAL) is
 * where it was. Whether that is the UDP header's is the word of a device, so it is looked at.
 */
static inline bool kudp_keeps_sum(struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		return skb->csum_start == skb_transport_header(skb) - skb->head &&
		       skb->csum_offset == offsetof(struct udphdr, check);
	skb->ip_summed = CHECKSUM_NONE;
	return true;
}

void kudp_answer(struct kudp_worker *w, struct sk_buff *skb, bool summed);

#endif
