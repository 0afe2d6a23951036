/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is answered: a source that could loop or be abused is refused, by rules that are attributes.
 * No kernel calls, so the unit tests and fuzzers compile this too; docs/security.md says what each
 * rule is against.
 */
#ifndef KUDP_GUARD_H
#define KUDP_GUARD_H

#include <linux/types.h>

#include "bucket.h"
#include "counters.h"
#include "once.h"
#include "prefix.h"

#define KUDP_LOW_PORTS		1024	/* those of services: chargen, DNS, NTP, … */
#define KUDP_PORTS		65536
#define KUDP_LONG_BITS		(8 * sizeof(unsigned long))

/* The rules as they were written. */
struct kudp_rules {
	bool low_port;			/* refuse ports below KUDP_LOW_PORTS */
	bool responder_port;		/* refuse the port of any responder of this host */
	bool hop_limit;			/* an answer lives no longer than its request */
	unsigned int rate;		/* requests per second in all; 0: no limit */
	unsigned int rate_prefix;	/* the same, of a source prefix */
	unsigned int prefix_ipv4;	/* its length, bits */
	unsigned int prefix_ipv6;	/* at most 64 */
};

/* What they come to while the responder is enabled. */
struct kudp_guard {
	const unsigned long *ports;	/* a bit for each of a responder; NULL: any will do */
	unsigned short first_port;	/* no lower one is answered, */
	unsigned short low_port;	/* but for this; 0: none */
	bool hop_limit;
	bool optional;			/* one of those below is on */
	bool allow;
	struct kudp_ranges_ipv4 allow_ipv4;
	struct kudp_ranges_ipv6 allow_ipv6;
	struct kudp_rate rate;
	struct kudp_rate rate_prefix;
	__u32 mask_ipv4;
	__u64 mask_ipv6;
	__u64 seed;			/* odd, secret */
};

/* What a worker remembers of requests. */
struct kudp_credit {
	__u64 full;			/* of rate's bucket, as in kudp_bucket */
	struct kudp_bucket *buckets;	/* KUDP_BUCKETS, where rate_prefix is on */
};

/* Of each rate, what one of @workers may let pass. */
static inline void kudp_guard_share(struct kudp_guard *guard, const struct kudp_rules *rules,
				    unsigned int workers)
{
	kudp_rate_set(&guard->rate, kudp_rate_share(rules->rate, workers));
	kudp_rate_set(&guard->rate_prefix, kudp_rate_share(rules->rate_prefix, workers));
}

/* @low_port: the one below KUDP_LOW_PORTS that the reply's clients ask from; 0: none. */
static inline struct kudp_guard kudp_guard_make(const struct kudp_rules *rules, bool answers,
						unsigned short low_port,
						const unsigned long *ports, unsigned int workers)
{
	struct kudp_guard guard = {};

	/* What is never answered can neither loop nor be reflected. */
	if (answers) {
		if (rules->responder_port)
			guard.ports = ports;
		guard.first_port = rules->low_port ? KUDP_LOW_PORTS : 1;
		guard.low_port = low_port;
		guard.hop_limit = rules->hop_limit;
	}
	kudp_guard_share(&guard, rules, workers);
	guard.mask_ipv4 = ~0U << (32 - rules->prefix_ipv4);
	guard.mask_ipv6 = ~0ULL << (64 - rules->prefix_ipv6);
	guard.optional = guard.rate.gap || guard.rate_prefix.gap;
	return guard;
}

/* Host order. 240.0.0.0/4 counts as unicast, as it does in Linux. */
static inline bool kudp_is_unicast_ipv4(__u32 address)
{
	return address - 0x01000000U < 0xdf000000U || (address >= 0xf0000000U && ~address);
}

/* As in the header, in network order. */
static inline bool kudp_is_unicast_ipv6(const __u8 *address)
{
	int i;

	if (address[0])
		return address[0] != 0xff;
	for (i = 1; i < 16; i++)
		if (address[i])
			return true;
	return false;
}

static inline bool kudp_port_is_set(const unsigned long *ports, unsigned short port)
{
	return READ_ONCE(ports[port / KUDP_LONG_BITS]) >> port % KUDP_LONG_BITS & 1;
}

/*
 * The rules that are always looked at, on a request from @port that came in with @hops left:
 * KUDP_ACCEPT, or why not.
 */
static inline enum kudp_counter kudp_guard_source(const struct kudp_guard *guard,
						  unsigned short port, unsigned int hops)
{
	if (port < guard->first_port && (!port || port != guard->low_port))
		return port ? KUDP_LOW_PORT : KUDP_SOURCE_PORT;
	if (guard->ports && kudp_port_is_set(guard->ports, port))
		return KUDP_RESPONDER_PORT;
	if (guard->hop_limit && hops <= 1)
		return KUDP_HOP_LIMIT;
	return KUDP_ACCEPT;
}

/* The hop limit of the answer to a request that came in with @hops left, of at most @most. */
static inline unsigned int kudp_guard_hops(const struct kudp_guard *guard, unsigned int hops,
					   unsigned int most)
{
	return guard->hop_limit && hops <= most ? hops - 1 : most;
}

/* A prefix's bucket first: what that refuses shall not use up what all have together. */
static inline enum kudp_counter kudp_guard_rates(const struct kudp_guard *guard,
						 struct kudp_credit *credit, __u64 prefix,
						 __u64 now, unsigned int n)
{
	struct kudp_bucket *bucket;

	if (READ_ONCE(guard->rate_prefix.gap)) {
		bucket = kudp_bucket_find(credit->buckets, guard->seed, prefix);
		if (!kudp_bucket_take(&guard->rate_prefix, &bucket->full, now, n))
			return KUDP_RATE_PREFIX;
	}
	if (READ_ONCE(guard->rate.gap) && !kudp_bucket_take(&guard->rate, &credit->full, now, n))
		return KUDP_RATE;
	return KUDP_ACCEPT;
}

/* The optional rules on @n datagrams from @address, in host order, at @now in nanoseconds. */
static inline enum kudp_counter kudp_guard_ipv4(const struct kudp_guard *guard,
						struct kudp_credit *credit, __u32 address,
						__u64 now, unsigned int n)
{
	if (guard->allow && !kudp_allows_ipv4(&guard->allow_ipv4, address))
		return KUDP_NOT_ALLOWED;
	return kudp_guard_rates(guard, credit, kudp_prefix_ipv4(address, guard->mask_ipv4), now, n);
}

static inline enum kudp_counter kudp_guard_ipv6(const struct kudp_guard *guard,
						struct kudp_credit *credit,
						struct kudp_address address, __u64 now,
						unsigned int n)
{
	if (guard->allow && !kudp_allows_ipv6(&guard->allow_ipv6, address))
		return KUDP_NOT_ALLOWED;
	return kudp_guard_rates(guard, credit, address.high & guard->mask_ipv6, now, n);
}

#endif
