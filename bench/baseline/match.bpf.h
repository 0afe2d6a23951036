/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which frames are requests: unicast UDP to one address and port, whole, without VLAN tag, IP
 * options or extension headers. All others are the stack's.
 */
#ifndef KUDP_MATCH_BPF_H
#define KUDP_MATCH_BPF_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Written before the program is loaded; the verifier then folds them into the code. */
const volatile bool listen_ipv6;
const volatile __be32 listen_address[4]; /* the first one only for IPv4 */
const volatile __be16 listen_port;

struct request {
	struct ethhdr *eth;
	struct iphdr *ip4; /* one of these two */
	struct ipv6hdr *ip6;
	struct udphdr *udp;
	__u16 udp_bytes; /* with its header */
};

static __always_inline bool match_ipv4(struct request *request, void *end)
{
	struct iphdr *ip = (void *)(request->eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end)
		return false;
	if (*(__u8 *)ip != 0x45 || ip->protocol != IPPROTO_UDP ||
	    ip->frag_off & bpf_htons(0x3fff) || ip->daddr != listen_address[0])
		return false;
	request->ip4 = ip;
	request->udp = udp;
	request->udp_bytes = bpf_ntohs(udp->len);
	return bpf_ntohs(ip->tot_len) == sizeof(*ip) + request->udp_bytes;
}

static __always_inline bool match_ipv6(struct request *request, void *end)
{
	struct ipv6hdr *ip = (void *)(request->eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end)
		return false;
	if (ip->version != 6 || ip->nexthdr != IPPROTO_UDP ||
	    ip->daddr.s6_addr32[3] != listen_address[3] ||
	    ip->daddr.s6_addr32[2] != listen_address[2] ||
	    ip->daddr.s6_addr32[1] != listen_address[1] ||
	    ip->daddr.s6_addr32[0] != listen_address[0])
		return false;
	request->ip6 = ip;
	request->udp = udp;
	request->udp_bytes = bpf_ntohs(udp->len);
	return ip->payload_len == udp->len && udp->check;
}

/* A frame of so many @bytes, of which those from @data to @end can be read. */
static __always_inline bool match_request(struct request *request, void *data, void *end,
					  __u32 bytes)
{
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end || eth->h_dest[0] & 1)
		return false;
	request->eth = eth;
	if (eth->h_proto != (listen_ipv6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP)))
		return false;
	if (!(listen_ipv6 ? match_ipv6(request, end) : match_ipv4(request, end)))
		return false;
	return request->udp->dest == listen_port && request->udp_bytes >= sizeof(struct udphdr) &&
	       request->udp_bytes <= bytes - ((void *)request->udp - data);
}

#endif
