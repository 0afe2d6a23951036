/* SPDX-License-Identifier: GPL-2.0-only */
/* How much came in a received skb, while its data starts at the UDP header. */
#ifndef KUDP_DATAGRAM_H
#define KUDP_DATAGRAM_H

#include <linux/skbuff.h>
#include <linux/udp.h>

/* Bytes of payload. */
static inline unsigned int kudp_payload(const struct sk_buff *skb)
{
	return skb->len - sizeof(struct udphdr);
}

/*
 * How many datagrams a received skb stands for. To UDP a super-packet that is not its own is one:
 * what a tunnel carries, or IP was to cut into fragments; so is one that its UDP header cuts short.
 */
static inline unsigned int kudp_datagrams(const struct sk_buff *skb)
{
	const unsigned int tunnels = SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM;
	const struct skb_shared_info *shared = skb_shinfo(skb);

	if (likely(!shared->gso_size) ||
	    (shared->gso_type & (SKB_GSO_UDP_L4 | tunnels)) != SKB_GSO_UDP_L4 ||
	    kudp_payload(skb) <= shared->gso_size)
		return 1;
	return DIV_ROUND_UP(kudp_payload(skb), shared->gso_size);
}

#endif
