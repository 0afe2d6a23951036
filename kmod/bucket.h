/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Token buckets, and a table of them by source prefix that is never larger than it was made. Time
 * is the caller's; no kernel calls, so the unit tests and fuzzers compile this too.
 */
#ifndef KUDP_BUCKET_H
#define KUDP_BUCKET_H

#include <linux/types.h>

#include "once.h"

#define KUDP_SECOND	1000000000ULL	/* in nanoseconds */

#define KUDP_BUCKET_WAYS	4	/* of 16 bytes: a set is a cache line */
#define KUDP_BUCKET_SET_BITS	10
#define KUDP_BUCKETS		(KUDP_BUCKET_WAYS << KUDP_BUCKET_SET_BITS)

/* gap 0: no limit. Both change while others take; from or to 0 only while nobody does. */
struct kudp_rate {
	__u64 gap;	/* nanoseconds in which a bucket regains one request */
	__u64 depth;	/* nanoseconds in which an empty one is full: what may come in one burst */
};

struct kudp_bucket {
	__u64 prefix;	/* see kudp_prefix_ipv4() */
	__u64 full;	/* when it is full again; in the past: it is */
};

/* One of @workers equal shares of @per_second; a burst is what comes in a second, at least 1. */
static inline struct kudp_rate kudp_rate_share(unsigned int per_second, unsigned int workers)
{
	struct kudp_rate rate = {};

	if (!per_second)
		return rate;
	/* Rounded so that it is never more, also where 64 bits cannot be divided. */
	rate.gap = (__u64)workers * (1 + (1000000000U - 1) / per_second);
	rate.depth = rate.gap * (per_second > workers ? per_second / workers : 1);
	return rate;
}

static inline void kudp_rate_set(struct kudp_rate *rate, struct kudp_rate share)
{
	WRITE_ONCE(rate->gap, share.gap);
	WRITE_ONCE(rate->depth, share.depth);
}

/*
 * Takes @n requests out of the bucket that is full again at @full, or nothing. One time stamp says
 * all of a bucket (virtual scheduling, ITU-T I.371 annex A). What is more than a bucket holds, as a
 * super-packet may be, passes when it is full, and is owed: else it never would.
 */
static inline bool kudp_bucket_take(const struct kudp_rate *rate, __u64 *full, __u64 now,
				    unsigned int n)
{
	__u64 after = (*full > now ? *full : now) + n * READ_ONCE(rate->gap);

	if (after - now > READ_ONCE(rate->depth) && *full > now)
		return false;
	*full = after;
	return true;
}

/* No IPv6 prefix of those that are routed, 2000::/3 and fc00::/6, looks like an IPv4 one. */
static inline __u64 kudp_prefix_ipv4(__u32 address, __u32 mask)
{
	return 0xffff00000000ULL | (address & mask);
}

/*
 * The bucket of @prefix in @table, of KUDP_BUCKETS. One that is not there takes the place of the
 * fullest in its set, and starts full. So prefixes that meet in a set are never refused for each
 * other's requests: what a collision costs is that a limit is forgotten. As that gains an attacker
 * less than another forged source does, multiply-shift with a secret odd @seed is hash enough.
 */
static inline struct kudp_bucket *kudp_bucket_find(struct kudp_bucket *table, __u64 seed,
						   __u64 prefix)
{
	struct kudp_bucket *set = table + (prefix * seed >> (64 - KUDP_BUCKET_SET_BITS)) *
					  KUDP_BUCKET_WAYS;
	struct kudp_bucket *fullest = set;
	int i;

	for (i = 0; i < KUDP_BUCKET_WAYS; i++) {
		if (set[i].prefix == prefix)
			return &set[i];
		if (set[i].full < fullest->full)
			fullest = &set[i];
	}
	fullest->prefix = prefix;
	fullest->full = 0;
	return fullest;
}

#endif
