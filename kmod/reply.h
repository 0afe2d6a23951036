/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The station that says what is answered. Each reply is one file, reply_NAME.c, and one line in
 * replies.h. On the packet path replies are called by name, through the switches here: with
 * retpolines an indirect call costs more than a whole echo does.
 */
#ifndef KUDP_REPLY_H
#define KUDP_REPLY_H

#include <linux/in6.h>
#include <linux/ktime.h>
#include <linux/skbuff.h>
#include <linux/uio.h>

#include "policy.h"
#include "responder.h"
#include "worker.h"

/* Off the packet path; all may sleep. What is not given is not needed. */
struct kudp_reply_ops {
	const char *name;
	unsigned short port;	/* where none is given; 0: there is none */
	unsigned short low_port; /* the one below 1024 that its clients ask from; 0: none */
	bool awaited;		/* its clients wait for it: nobody else may get it */
	bool hops;		/* wants to know a request's TTL or hop limit */

	int (*init)(struct kudp_worker *w);	/* its socket is made, not yet bound */
	void (*exit)(struct kudp_worker *w);	/* undoes init, also where that was not called */
};

#define KUDP_REPLY(id, name, payload, departure, length) \
	extern const struct kudp_reply_ops kudp_reply_##name;
#include "replies.h"

/* A request that was copied out of its skb, for engines that do not answer in place. */
struct kudp_request {
	struct in6_addr peer;	/* who asks; IPv4: mapped */
	struct in6_addr local;	/* the address that was asked, 0 if it is always the same */
	__be16 port;		/* of the peer */
	u8 hops;		/* the request's TTL or hop limit */
	ktime_t received;	/* 0: the kernel took no time */
	unsigned int len;	/* of its payload, bytes */
};

int kudp_reply_set(struct kudp_responder *r, const char *name);

/*
 * What replies have to define, by what replies.h says of them:
 *
 * - made: kudp_NAME_make() puts the reply where the request was, in a skb that is nobody else's,
 *   its data at the UDP header; kudp_NAME_copy() puts it into @reply, which has the request and
 *   room for kudp_reply_length(). Both return KUDP_ACCEPT, or why there is none.
 * - timed: kudp_NAME_depart() has the last look at the skb.
 *
 * Context: softirqs disabled, under RCU; kudp_NAME_copy(): a thread's, may be preempted.
 */
#define KUDP_DECLARE_kept(name)
#define KUDP_DECLARE_none(name)
#define KUDP_DECLARE_made(name)									\
	enum kudp_counter kudp_##name##_make(struct kudp_worker *w, struct sk_buff *skb);	\
	enum kudp_counter kudp_##name##_copy(struct kudp_worker *w,				\
					     const struct kudp_request *request,		\
					     struct kvec *reply);
#define KUDP_DECLARE_untimed(name)
#define KUDP_DECLARE_timed(name)								\
	void kudp_##name##_depart(struct sk_buff *skb);
#define KUDP_REPLY(id, name, payload, departure, length)					\
	KUDP_DECLARE_##payload(name) KUDP_DECLARE_##departure(name)
#include "replies.h"

#define KUDP_MAKE_kept(name)	KUDP_ACCEPT
#define KUDP_MAKE_none(name)	KUDP_DISCARDED
#define KUDP_MAKE_made(name)	kudp_##name##_make(w, skb)

/* Puts the reply where the request was; where the payload is kept it is there. */
static __always_inline enum kudp_counter kudp_reply_make(struct kudp_worker *w,
							 struct sk_buff *skb)
{
	switch (w->responder->policy.reply) {
#define KUDP_REPLY(id, name, payload, departure, length) \
	case KUDP_##id:                                  \
		return KUDP_MAKE_##payload(name);
#include "replies.h"
	default:
		return KUDP_DISCARDED;
	}
}

#define KUDP_COPY_kept(name)	KUDP_ACCEPT
#define KUDP_COPY_none(name)	KUDP_DISCARDED
#define KUDP_COPY_made(name)	kudp_##name##_copy(w, request, reply)

/* The same in @reply, where the request is. */
static __always_inline enum kudp_counter kudp_reply_copy(struct kudp_worker *w,
							 const struct kudp_request *request,
							 struct kvec *reply)
{
	switch (w->responder->policy.reply) {
#define KUDP_REPLY(id, name, payload, departure, length) \
	case KUDP_##id:                                  \
		return KUDP_COPY_##payload(name);
#include "replies.h"
	default:
		return KUDP_DISCARDED;
	}
}

#define KUDP_DEPART_untimed(name)
#define KUDP_DEPART_timed(name)	kudp_##name##_depart(skb)

/* The last look at @skb before the network has it. */
static __always_inline void kudp_reply_depart(const struct kudp_worker *w, struct sk_buff *skb)
{
	switch (w->responder->policy.reply) {
#define KUDP_REPLY(id, name, payload, departure, length) \
	case KUDP_##id:                                  \
		KUDP_DEPART_##departure(name);           \
		break;
#include "replies.h"
	default:
		break;
	}
}

#endif
