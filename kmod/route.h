/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_ROUTE_H
#define KUDP_ROUTE_H

#include <linux/types.h>

struct in6_addr;
struct kudp_worker;
struct sk_buff;

int kudp_routes_init(struct kudp_worker *w);
void kudp_routes_exit(struct kudp_worker *w);
unsigned int kudp_route_ipv4(struct kudp_worker *w, struct sk_buff *skb, __be32 local, __be32 peer);
bool kudp_route_ipv6(struct kudp_worker *w, struct sk_buff *skb, const struct in6_addr *local,
		     const struct in6_addr *peer, int iif);

#endif
