// SPDX-License-Identifier: GPL-2.0-only
/* Gives requests to the AF_XDP socket of the queue that they came in by. */
#include "bench/baseline/match.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1); /* set before the program is loaded: as many as the device has queues */
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

SEC("xdp")
int xsk_redirect(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct request request = {};

	if (!match_request(&request, data, end, end - data))
		return XDP_PASS;
	return bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_PASS);
}

char LICENSE[] SEC("license") = "GPL";
