// SPDX-License-Identifier: GPL-2.0-only
/* The allowed prefixes as the packet path looks at them: arrays of disjoint ranges, by family. */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "allow.h"
#include "guard.h"
#include "ranges.h"

/* Puts into @guard those of the allowed prefixes that are IPv4's, in an array of its own. */
static int kudp_ranges_ipv4(struct kudp_guard *guard, const struct kudp_address *first,
			    const struct kudp_address *last, unsigned int ranges)
{
	unsigned int i, n = roundup_pow_of_two(ranges);
	u32 *array = kvmalloc_array(2 * n, sizeof(*array), GFP_KERNEL);

	if (!array)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		array[i] = first[min(i, ranges - 1)].low;
		array[n + i] = last[min(i, ranges - 1)].low;
	}
	guard->allow_ipv4 = (struct kudp_ranges_ipv4){ .n = n, .first = array };
	return 0;
}

static int kudp_ranges_ipv6(struct kudp_guard *guard, const struct kudp_address *first,
			    const struct kudp_address *last, unsigned int ranges)
{
	unsigned int i, n = roundup_pow_of_two(ranges);
	struct kudp_address *array = kvmalloc_array(2 * n, sizeof(*array), GFP_KERNEL);

	if (!array)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		array[i] = first[min(i, ranges - 1)];
		array[n + i] = last[min(i, ranges - 1)];
	}
	guard->allow_ipv6 = (struct kudp_ranges_ipv6){ .n = n, .first = array };
	return 0;
}

/**
 * kudp_ranges_make() - make ranges of the prefixes that may ask, for a guard to look at
 * @guard: the guard
 * @allow: the prefixes
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM; to be undone by kudp_ranges_free() in either case.
 */
int kudp_ranges_make(struct kudp_guard *guard, const struct kudp_allow *allow)
{
	struct kudp_address *first, *last;
	unsigned int ranges;
	int err = 0;

	first = kvmalloc_array(2 * KUDP_PREFIXES_MAX, sizeof(*first), GFP_KERNEL);
	if (!first)
		return -ENOMEM;
	last = first + KUDP_PREFIXES_MAX;
	ranges = kudp_prefixes_merge(allow->prefixes, allow->n, true, first, last);
	if (ranges)
		err = kudp_ranges_ipv4(guard, first, last, ranges);
	ranges = kudp_prefixes_merge(allow->prefixes, allow->n, false, first, last);
	if (ranges && !err)
		err = kudp_ranges_ipv6(guard, first, last, ranges);
	kvfree(first);
	guard->allow = true;
	guard->optional = true;
	return err;
}

/**
 * kudp_ranges_free() - undo kudp_ranges_make()
 * @guard: the guard, which nobody looks at any more
 *
 * Context: may sleep.
 */
void kudp_ranges_free(struct kudp_guard *guard)
{
	kvfree(guard->allow_ipv4.first);
	kvfree(guard->allow_ipv6.first);
}
