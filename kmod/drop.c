// SPDX-License-Identifier: GPL-2.0-only
#include "drop.h"
#include "trace.h"

/**
 * kudp_drop() - end the way of a request that gets no answer
 * @w: the worker that has it
 * @stats: where it is counted, of the two sets of @w
 * @skb: the request; it is consumed
 * @datagrams: how many it stands for
 * @reason: why; that is its counter, and what the tracepoint kudp_refuse says
 *
 * Out of line, which spares those that are answered.
 *
 * Context: as kudp_count() on @stats.
 */
void kudp_drop(struct kudp_worker *w, struct kudp_stats *stats, struct sk_buff *skb,
	       unsigned int datagrams, enum kudp_counter reason)
{
	kudp_count(stats, reason, datagrams);
	trace_kudp_refuse(w, skb, datagrams, reason);
	if (reason == KUDP_DISCARDED)
		consume_skb(skb);
	else
		kfree_skb(skb);
}
