/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_REPLY_TO_H
#define KUDP_REPLY_TO_H

#include "kudp.h"

static inline bool kudp_has_reply_to(const struct kudp_responder *r)
{
	return r->reply_to.ss_family != AF_UNSPEC;
}

int kudp_reply_to_init(struct kudp_worker *w);
void kudp_reply_to_exit(struct kudp_worker *w);
const struct kudp_responder *kudp_reply_to_loop(const struct kudp_responder *r);

#endif
