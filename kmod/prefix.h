/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address prefixes, and the sorted ranges they make up, which a look-up halves. No kernel calls, so
 * the unit tests and fuzzers compile this too; allow.c has the attribute that is made of them.
 */
#ifndef KUDP_PREFIX_H
#define KUDP_PREFIX_H

#ifdef __KERNEL__
#include <linux/in6.h>
#endif
#include <linux/types.h>

#define KUDP_PREFIXES_MAX		8192	/* prefixes */
#define KUDP_MAPPED		96	/* bits before an IPv4 address that is mapped into IPv6 */

/* In host order; IPv4 mapped, ::ffff:0:0/96. */
struct kudp_address {
	__u64 high;
	__u64 low;
};

struct kudp_prefix {
	struct kudp_address address;	/* its bits beyond @len are 0 */
	unsigned int len;		/* in bits, of 128 */
};

/* n is a power of 2, or 0; behind the first addresses of the ranges come the last ones. */
struct kudp_ranges_ipv4 {
	unsigned int n;
	const __u32 *first;
};

struct kudp_ranges_ipv6 {
	unsigned int n;
	const struct kudp_address *first;
};

#ifdef __KERNEL__
static inline struct kudp_address kudp_address_of(const struct in6_addr *address)
{
	const __be32 *word = address->s6_addr32;
	struct kudp_address host = {
		.high = (u64)ntohl(word[0]) << 32 | ntohl(word[1]),
		.low = (u64)ntohl(word[2]) << 32 | ntohl(word[3]),
	};

	return host;
}
#endif

static inline struct kudp_address kudp_mapped(__u32 ipv4)
{
	struct kudp_address address = { 0, 0xffff00000000ULL | ipv4 };

	return address;
}

/* Without a branch: in a search it could not be foretold. As one number it takes a borrow alone. */
static inline bool kudp_address_le(const struct kudp_address *a, const struct kudp_address *b)
{
#ifdef __SIZEOF_INT128__
	return ((__uint128_t)a->high << 64 | a->low) <=
	       ((__uint128_t)b->high << 64 | b->low);
#else
	return (a->high < b->high) | ((a->high == b->high) & (a->low <= b->low));
#endif
}

static inline int kudp_prefix_compare(const struct kudp_prefix *a, const struct kudp_prefix *b)
{
	if (!kudp_address_le(&a->address, &b->address))
		return 1;
	if (!kudp_address_le(&b->address, &a->address))
		return -1;
	return a->len < b->len ? -1 : a->len > b->len;
}

static inline bool kudp_prefix_is_ipv4(const struct kudp_prefix *prefix)
{
	return prefix->len >= KUDP_MAPPED && !prefix->address.high &&
	       prefix->address.low >> 32 == 0xffff;
}

/* The bits beyond @len, of 64. */
static inline __u64 kudp_beyond(unsigned int len)
{
	return len < 64 ? ~0ULL >> len : 0;
}

static inline struct kudp_address kudp_prefix_last(const struct kudp_prefix *prefix)
{
	struct kudp_address last = {
		prefix->address.high | kudp_beyond(prefix->len),
		prefix->address.low | kudp_beyond(prefix->len > 64 ? prefix->len - 64 : 0),
	};

	return last;
}

static inline bool kudp_prefix_is_valid(const struct kudp_prefix *prefix)
{
	return prefix->len <= 128 && !(prefix->address.high & kudp_beyond(prefix->len)) &&
	       !(prefix->address.low & kudp_beyond(prefix->len > 64 ? prefix->len - 64 : 0));
}

/*
 * The disjoint ranges of @family that @prefixes, sorted by kudp_prefix_compare(), make up, into
 * @first and @last of KUDP_PREFIXES_MAX each. One prefix either has the next in it or ends before
 * it.
 */
static inline unsigned int kudp_prefixes_merge(const struct kudp_prefix *prefixes, unsigned int n,
					       bool ipv4, struct kudp_address *first,
					       struct kudp_address *last)
{
	unsigned int i, ranges = 0;

	for (i = 0; i < n; i++) {
		if (kudp_prefix_is_ipv4(&prefixes[i]) != ipv4)
			continue;
		if (ranges && kudp_address_le(&prefixes[i].address, &last[ranges - 1]))
			continue;
		first[ranges] = prefixes[i].address;
		last[ranges++] = kudp_prefix_last(&prefixes[i]);
	}
	return ranges;
}

/* Looks in log2(n) steps of a few instructions each, whatever the ranges are. */
static inline bool kudp_allows_ipv4(const struct kudp_ranges_ipv4 *ranges, __u32 address)
{
	const __u32 *first = ranges->first;
	unsigned int half;

	if (!ranges->n)
		return false;
	for (half = ranges->n / 2; half; half /= 2)
		first += first[half] <= address ? half : 0;
	return *first <= address && address <= first[ranges->n];
}

static inline bool kudp_allows_ipv6(const struct kudp_ranges_ipv6 *ranges,
				    struct kudp_address address)
{
	const struct kudp_address *first = ranges->first;
	unsigned int half;

	if (!ranges->n)
		return false;
	for (half = ranges->n / 2; half; half /= 2)
		first += kudp_address_le(&first[half], &address) ? half : 0;
	return kudp_address_le(first, &address) && kudp_address_le(&address, &first[ranges->n]);
}

#endif
