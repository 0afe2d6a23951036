// SPDX-License-Identifier: GPL-2.0-only
/*
 * Send requests back out of the device they came in by, as they are, with addresses and ports
 * swapped. The checksum stays right under that. Two programs: for XDP, and for tc's ingress, which
 * is handed the skb as it is.
 */
#include "bench/baseline/match.bpf.h"

#include <linux/pkt_cls.h>

#include "bench/baseline/turn_counts.h"

/* In the driver, see complete_checksum(). */
const volatile bool native;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct turn_counts);
} counts SEC(".maps");

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static __always_inline __u64 add(__u64 sum, const void *data, int bytes)
{
	const __u32 *words = data;

	for (int i = 0; i < bytes / 4; i++)
		sum += words[i];
	return sum;
}

static __always_inline __u64 pseudo_header(const struct request *request)
{
	const __u64 sum = bpf_htons(IPPROTO_UDP) + request->udp->len;

	return listen_ipv6 ? add(sum, &request->ip6->saddr, 32) : add(sum, &request->ip4->saddr, 8);
}

/*
 * One's complement sum of a datagram of any length that a page holds. The two lengths are checked
 * for the verifier's sake: it does not see that the first implies the second.
 */
static __always_inline __u64 sum_datagram(const struct request *request, void *end)
{
	enum { PAGE = 4096, BLOCK = 32 };
	void *at = request->udp;
	__u32 left = request->udp_bytes;
	__u64 sum = 0;

	for (int i = 0; i < PAGE / BLOCK && left >= BLOCK && at + BLOCK <= end; i++) {
		sum = add(sum, at, BLOCK);
		at += BLOCK;
		left -= BLOCK;
	}
	for (int i = 0; i < BLOCK / 4 && left >= 4 && at + 4 <= end; i++) {
		sum = add(sum, at, 4);
		at += 4;
		left -= 4;
	}
	if (left >= 2 && at + 2 <= end) {
		sum += *(__u16 *)at;
		at += 2;
		left -= 2;
	}
	if (left && at + 1 <= end)
		sum += *(__u8 *)at;
	return sum;
}

/*
 * A datagram that never was on a wire (a local veth peer's) may have but the sum of its pseudo
 * header where the checksum should be, for a device to complete. On an skb that is known and
 * stays so; what a driver sends has no such mark. Where the sum is there by chance, it is right.
 */
static __always_inline void complete_checksum(struct request *request, void *end)
{
	__u16 check;

	if (request->udp->check != fold(pseudo_header(request)))
		return;
	check = ~fold(sum_datagram(request, end));
	request->udp->check = check ? check : 0xffff;
}

static __always_inline void turn_round(struct request *request)
{
	struct ethhdr *eth = request->eth;
	struct udphdr *udp = request->udp;
	unsigned char mac[ETH_ALEN];
	__be16 port = udp->source;

	__builtin_memcpy(mac, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, mac, ETH_ALEN);
	if (listen_ipv6) {
		struct in6_addr address = request->ip6->saddr;

		request->ip6->saddr = request->ip6->daddr;
		request->ip6->daddr = address;
	} else {
		__be32 address = request->ip4->saddr;

		request->ip4->saddr = request->ip4->daddr;
		request->ip4->daddr = address;
	}
	udp->source = udp->dest;
	udp->dest = port;
}

/* Counts the request, and tells whether it is to be answered. */
static __always_inline bool admit(const struct request *request, __u32 datagrams)
{
	const __u32 first = 0;
	struct turn_counts *mine = bpf_map_lookup_elem(&counts, &first);

	if (!mine)
		return false;
	mine->received += datagrams;
	if (!request->udp->source) {
		mine->port_zero += datagrams;
		return false;
	}
	if (request->udp->source == listen_port) {
		mine->own_port += datagrams;
		return false;
	}
	mine->answered += datagrams;
	return true;
}

SEC("xdp")
int turn_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct request request = {};

	if (!match_request(&request, data, end, end - data))
		return XDP_PASS;
	if (!admit(&request, 1))
		return XDP_DROP;
	if (native)
		complete_checksum(&request, end);
	turn_round(&request);
	return XDP_TX;
}

SEC("tc")
int turn_tc(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct request request = {};

	if (skb->vlan_present || !match_request(&request, data, end, skb->len))
		return TC_ACT_OK;
	if (!admit(&request, skb->gso_segs ?: 1))
		return TC_ACT_SHOT;
	turn_round(&request);
	return bpf_redirect(skb->ifindex, 0);
}

char LICENSE[] SEC("license") = "GPL";
