/* SPDX-License-Identifier: GPL-2.0-only */
/* What turn.bpf.c counts on each CPU. */
#ifndef KUDP_TURN_COUNTS_H
#define KUDP_TURN_COUNTS_H

#include <linux/types.h>

struct turn_counts {
	__u64 received;
	__u64 answered;
	__u64 port_zero;
	__u64 own_port;
};

#endif
