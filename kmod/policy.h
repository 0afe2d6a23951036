/* SPDX-License-Identifier: GPL-2.0-only */
/* What is answered, and whether it may be: no kernel calls, so the unit tests compile this too. */
#ifndef KUDP_POLICY_H
#define KUDP_POLICY_H

#ifdef __KERNEL__
#include <linux/types.h>
#endif

#include "counters.h"
#include "stamp.h"

enum kudp_reply {
#define KUDP_REPLY(id, name, payload, departure, length) KUDP_##id,
#include "replies.h"
	KUDP_N_REPLIES
};

/* Where the payload of an answer comes from. */
enum kudp_payload_source {
	KUDP_PAYLOAD_kept,
	KUDP_PAYLOAD_none,
	KUDP_PAYLOAD_made,
};

/* What a responder's configuration says about whom it answers, with what. */
struct kudp_policy {
	enum kudp_reply reply;
	unsigned short port;   /* the responder's own */
	unsigned int text_len; /* bytes, for KUDP_TEXT */
	bool amplify;          /* may send more bytes than it received */
};

static inline enum kudp_payload_source kudp_payload_source(const struct kudp_policy *policy)
{
	switch (policy->reply) {
#define KUDP_REPLY(id, name, payload, departure, length) \
	case KUDP_##id:                                  \
		return KUDP_PAYLOAD_##payload;
#include "replies.h"
	default:
		return KUDP_PAYLOAD_none;
	}
}

/* Whether a request's own payload is the answer's. */
static inline bool kudp_keeps_payload(const struct kudp_policy *policy)
{
	return kudp_payload_source(policy) == KUDP_PAYLOAD_kept;
}

/* Bytes of payload that a request of @request bytes is answered with. */
static inline unsigned int kudp_reply_length(const struct kudp_policy *policy, unsigned int request)
{
	switch (policy->reply) {
#define KUDP_REPLY(id, name, payload, departure, length) \
	case KUDP_##id:                                  \
		return length;
#include "replies.h"
	default:
		return 0;
	}
}

/*
 * Decides on a request of @request bytes, whose source the guard let pass, before anything is
 * built: KUDP_ACCEPT, or the reason why it is not answered.
 */
static inline enum kudp_counter kudp_decide(const struct kudp_policy *policy, unsigned int request)
{
	if (kudp_payload_source(policy) == KUDP_PAYLOAD_none)
		return KUDP_DISCARDED;
	if (kudp_reply_length(policy, request) > request && !policy->amplify)
		return KUDP_AMPLIFICATION;
	return KUDP_ACCEPT;
}

#endif
