// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends requests back out of the device they came in by, as they are, with addresses and ports
 * swapped. The checksum stays right under that.
 */
#include "xdp_match.bpf.h"

#include "xdp_counts.h"

/* In the driver, see complete_checksum(). */
const volatile bool native;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xdp_counts);
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

SEC("xdp")
int xdp_echo(struct xdp_md *ctx)
{
	struct request request = {};
	struct xdp_counts *mine;
	const __u32 first = 0;

	if (!match_request(ctx, &request))
		return XDP_PASS;
	mine = bpf_map_lookup_elem(&counts, &first);
	if (!mine)
		return XDP_ABORTED;
	mine->received++;
	if (!request.udp->source) {
		mine->port_zero++;
		return XDP_DROP;
	}
	if (request.udp->source == listen_port) {
		mine->own_port++;
		return XDP_DROP;
	}
	if (native)
		complete_checksum(&request, (void *)(long)ctx->data_end);
	turn_round(&request);
	mine->answered++;
	return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
