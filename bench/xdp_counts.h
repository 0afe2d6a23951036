/* SPDX-License-Identifier: GPL-2.0-only */
/* What xdp_echo.bpf.c counts on each CPU. */
#ifndef KUDP_XDP_COUNTS_H
#define KUDP_XDP_COUNTS_H

#include <linux/types.h>

struct xdp_counts {
	__u64 received;
	__u64 answered;
	__u64 port_zero;
	__u64 own_port;
};

#endif
