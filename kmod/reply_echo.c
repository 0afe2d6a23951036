// SPDX-License-Identifier: GPL-2.0-only
/* The request's own payload, RFC 862. */
#include "reply.h"

const struct kudp_reply_ops kudp_reply_echo = {
	.name = "echo",
};
