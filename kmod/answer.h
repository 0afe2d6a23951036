/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_ANSWER_H
#define KUDP_ANSWER_H

#include <linux/udp.h>

#include "kudp.h"

/* How many datagrams a received skb stands for. */
static inline unsigned int kudp_datagrams(const struct sk_buff *skb)
{
	return skb_is_gso(skb) ? DIV_ROUND_UP(skb->len - sizeof(struct udphdr),
					      skb_shinfo(skb)->gso_size) : 1;
}

void kudp_scrub(struct sk_buff *skb);
void kudp_answer(struct kudp_worker *w, struct sk_buff *skb, bool summed);

#endif
