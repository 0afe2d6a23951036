/* SPDX-License-Identifier: GPL-2.0-only */
/* What is answered, and whether it may be: no kernel calls, so the unit tests compile this too. */
#ifndef KUDP_REPLY_H
#define KUDP_REPLY_H

#ifdef __KERNEL__
#include <linux/types.h>
#endif

#include "counters.h"
#include "stamp.h"

enum kudp_reply {
	KUDP_ECHO,    /* the request's own payload, RFC 862 */
	KUDP_DISCARD, /* nothing, RFC 863 */
	KUDP_TEXT,    /* the responder's text */
	KUDP_STAMP,   /* a STAMP session reflector's, RFC 8762 */
	KUDP_N_REPLIES
};

/* What a responder's configuration says about whom it answers, with what. */
struct kudp_policy {
	enum kudp_reply reply;
	unsigned short port;   /* the responder's own */
	unsigned int text_len; /* bytes, for KUDP_TEXT */
	bool amplify;          /* may send more bytes than it received */
};

/* Bytes of payload that a request of @request bytes is answered with. */
static inline unsigned int kudp_reply_length(const struct kudp_policy *policy, unsigned int request)
{
	switch (policy->reply) {
	case KUDP_TEXT:
		return policy->text_len;
	case KUDP_STAMP:
		return kudp_stamp_length(request);
	default:
		return request;
	}
}

/*
 * Decides on a request of @request bytes, whose source the guard let pass, before anything is
 * built: KUDP_ANSWERED, or the reason why not.
 */
static inline enum kudp_counter kudp_decide(const struct kudp_policy *policy, unsigned int request)
{
	if (policy->reply == KUDP_DISCARD)
		return KUDP_DISCARDED;
	if (kudp_reply_length(policy, request) > request && !policy->amplify)
		return KUDP_AMPLIFICATION;
	return KUDP_ANSWERED;
}

#endif
