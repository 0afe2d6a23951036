/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_STAMP_REFLECT_H
#define KUDP_STAMP_REFLECT_H

#include <linux/udp.h>

#include "kudp.h"

int kudp_stamp_init(struct kudp_worker *w);
void kudp_stamp_exit(struct kudp_worker *w);
enum kudp_counter kudp_stamp_answer(struct kudp_worker *w, const struct sockaddr_storage *peer,
				    const struct in6_addr *local, unsigned char *packet,
				    unsigned int len, ktime_t received, u8 ttl);
enum kudp_counter kudp_stamp_answer_skb(struct kudp_worker *w, struct sk_buff *skb);

/* Sets the time of departure; to be called as late as can be. */
static inline void kudp_stamp_leave(unsigned char *packet)
{
	struct timespec64 now;

	ktime_get_real_ts64(&now);
	kudp_stamp_depart(packet, now.tv_sec, now.tv_nsec);
}

static inline unsigned char *kudp_stamp_packet(const struct sk_buff *skb)
{
	return skb_transport_header(skb) + sizeof(struct udphdr);
}

#endif
