/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, system "kudp": trace-cmd record -e kudp. docs/profiling.md has the fields' units.
 * The names of fields and events are an interface: what is here stays.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kudp

#if !defined(KUDP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KUDP_TRACE_H

#include <linux/tracepoint.h>

#include "datagram.h"
#include "responder.h"
#include "worker.h"

/* The counters' names, as "stats" has them; trace-cmd learns the numbers from TRACE_DEFINE_ENUM. */
#define KUDP_TRACE_REASONS					\
	REASON(KUDP_DISCARDED, "discarded")			\
	REASON(KUDP_SOCKET_DROPS, "socket_drops")		\
	REASON(KUDP_QUEUE_FULL, "queue_full")			\
	REASON(KUDP_MALFORMED, "malformed")			\
	REASON(KUDP_NOT_UNICAST, "not_unicast")			\
	REASON(KUDP_SOURCE_PORT, "source_port")			\
	REASON(KUDP_LOW_PORT, "low_port")			\
	REASON(KUDP_RESPONDER_PORT, "responder_port")		\
	REASON(KUDP_HOP_LIMIT, "hop_limit")			\
	REASON(KUDP_NOT_ALLOWED, "not_allowed")			\
	REASON(KUDP_RATE, "rate")				\
	REASON(KUDP_RATE_PREFIX, "rate_prefix")			\
	REASON(KUDP_AMPLIFICATION, "amplification")		\
	REASON(KUDP_NO_ROUTE, "no_route")			\
	REASON(KUDP_NO_MEMORY, "no_memory")			\
	REASON(KUDP_SEND_FAILED, "send_failed")			\
	REASON(KUDP_STAMP_SHORT, "stamp_short")			\
	REASON(KUDP_STAMP_CORRUPT, "stamp_corrupt")		\
	REASON(KUDP_STAMP_AUTHENTICATED, "stamp_authenticated")	\
	REASON(KUDP_STAMP_SESSIONS, "stamp_sessions")		\
	REASON(KUDP_STAMP_REPLY, "stamp_reply")			\
	LAST_REASON(KUDP_STOPPED, "stopped")

#undef REASON
#undef LAST_REASON
#define REASON(value, name) TRACE_DEFINE_ENUM(value);
#define LAST_REASON(value, name) TRACE_DEFINE_ENUM(value);
KUDP_TRACE_REASONS

#undef REASON
#undef LAST_REASON
#define REASON(value, name) { value, name },
#define LAST_REASON(value, name) { value, name }

/*
 * A request came in, or a reply goes out. skbaddr identifies it, as in the events of "net" and
 * "skb"; it is NULL where the engine has but a copy, of @copied bytes. What needs to be worked out
 * is worked out here, not by the callers: they would do it also while nobody traces.
 */
DECLARE_EVENT_CLASS(kudp_datagram,
	TP_PROTO(const struct kudp_worker *w, const struct sk_buff *skb, unsigned int copied),
	TP_ARGS(w, skb, copied),
	TP_STRUCT__entry(__field(const void *, skbaddr)
			 __field(unsigned int, bytes)
			 __field(unsigned int, datagrams)
			 __field(unsigned short, port)
			 __field(unsigned short, worker)),
	TP_fast_assign(__entry->skbaddr = skb;
		       __entry->bytes = skb ? kudp_payload(skb) : copied;
		       __entry->datagrams = skb ? kudp_datagrams(skb) : 1;
		       __entry->port = w->responder->policy.port;
		       __entry->worker = w->cpu;),
	TP_printk("port=%u worker=%u skbaddr=%p bytes=%u datagrams=%u", __entry->port,
		  __entry->worker, __entry->skbaddr, __entry->bytes, __entry->datagrams)
);

/* Before anything is checked, in the order in which the engine gets them. */
DEFINE_EVENT(kudp_datagram, kudp_receive,
	TP_PROTO(const struct kudp_worker *w, const struct sk_buff *skb, unsigned int copied),
	TP_ARGS(w, skb, copied)
);

/* Complete and about to be handed to the network; kudp_refuse follows if that will not have it. */
DEFINE_EVENT(kudp_datagram, kudp_reply,
	TP_PROTO(const struct kudp_worker *w, const struct sk_buff *skb, unsigned int copied),
	TP_ARGS(w, skb, copied)
);

/* @datagrams of @skb, which may be gone, get no reply; @reason is where they are counted. */
TRACE_EVENT(kudp_refuse,
	TP_PROTO(const struct kudp_worker *w, const void *skb, unsigned int datagrams,
		 enum kudp_counter reason),
	TP_ARGS(w, skb, datagrams, reason),
	TP_STRUCT__entry(__field(const void *, skbaddr)
			 __field(unsigned int, datagrams)
			 __field(unsigned int, reason)
			 __field(unsigned short, port)
			 __field(unsigned short, worker)),
	TP_fast_assign(__entry->skbaddr = skb;
		       __entry->datagrams = datagrams;
		       __entry->reason = reason;
		       __entry->port = w->responder->policy.port;
		       __entry->worker = w->cpu;),
	TP_printk("port=%u worker=%u skbaddr=%p datagrams=%u reason=%s", __entry->port,
		  __entry->worker, __entry->skbaddr, __entry->datagrams,
		  __print_symbolic(__entry->reason, KUDP_TRACE_REASONS))
);

/* What the thread of a worker does; packets are those in @queue, a super-packet is one. */
DECLARE_EVENT_CLASS(kudp_worker,
	TP_PROTO(const struct kudp_worker *w, const struct sk_buff_head *queue),
	TP_ARGS(w, queue),
	TP_STRUCT__entry(__field(unsigned int, packets)
			 __field(unsigned short, port)
			 __field(unsigned short, worker)),
	TP_fast_assign(__entry->packets = skb_queue_len(queue);
		       __entry->port = w->responder->policy.port;
		       __entry->worker = w->cpu;),
	TP_printk("port=%u worker=%u packets=%u", __entry->port, __entry->worker,
		  __entry->packets)
);

/* Engine kthread is about to answer of @queue as many as "batch" says. */
DEFINE_EVENT(kudp_worker, kudp_batch_begin,
	TP_PROTO(const struct kudp_worker *w, const struct sk_buff_head *queue),
	TP_ARGS(w, queue)
);

/* It has, and what is left in @queue is for the next batch. */
DEFINE_EVENT(kudp_worker, kudp_batch_end,
	TP_PROTO(const struct kudp_worker *w, const struct sk_buff_head *queue),
	TP_ARGS(w, queue)
);

/* Nothing was in @queue, the worker's: its thread waits. */
DEFINE_EVENT(kudp_worker, kudp_sleep,
	TP_PROTO(const struct kudp_worker *w, const struct sk_buff_head *queue),
	TP_ARGS(w, queue)
);

/* Softirq wakes it for what is in the worker's queue: nothing with gro=1, it is in the socket's. */
DEFINE_EVENT(kudp_worker, kudp_wake,
	TP_PROTO(const struct kudp_worker *w, const struct sk_buff_head *queue),
	TP_ARGS(w, queue)
);

#endif

/* Found through the -I in Kbuild, where the module is built in a copy of the tree, too. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH kmod
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
