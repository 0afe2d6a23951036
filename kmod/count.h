/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of counters that one context writes and others read; statistics.c shows them. */
#ifndef KUDP_COUNT_H
#define KUDP_COUNT_H

#include <linux/u64_stats_sync.h>

#include "counters.h"

struct kudp_stats {
	struct u64_stats_sync sync;
	u64_stats_t n[KUDP_N_COUNTERS];
};

/**
 * kudp_count() - count datagrams
 * @stats: a set that nobody else writes at the same time
 * @counter: what became of them
 * @datagrams: how many
 *
 * Context: any, as long as @stats has one writer at a time.
 */
static inline void kudp_count(struct kudp_stats *stats, enum kudp_counter counter,
			      unsigned int datagrams)
{
	u64_stats_update_begin(&stats->sync);
	u64_stats_add(&stats->n[counter], datagrams);
	u64_stats_update_end(&stats->sync);
}

#endif
