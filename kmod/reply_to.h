/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_REPLY_TO_H
#define KUDP_REPLY_TO_H

#include "responder.h"

static inline bool kudp_has_reply_to(const struct kudp_responder *r)
{
	return r->reply_to.ss_family != AF_UNSPEC;
}

int kudp_reply_to_connect(const struct kudp_responder *r, struct socket **sock);
const struct kudp_responder *kudp_reply_to_loop(const struct kudp_responder *r);

#endif
