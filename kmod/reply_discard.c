// SPDX-License-Identifier: GPL-2.0-only
/* Nothing, RFC 863. */
#include "reply.h"

const struct kudp_reply_ops kudp_reply_discard = {
	.name = "discard",
};
