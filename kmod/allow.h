/* SPDX-License-Identifier: GPL-2.0-only */
/* The attribute "allow". */
#ifndef KUDP_ALLOW_H
#define KUDP_ALLOW_H

#include "prefix.h"

struct kudp_responder;

/* What it holds. */
struct kudp_allow {
	unsigned int n;
	struct kudp_prefix prefixes[KUDP_PREFIXES_MAX];	/* sorted */
};

int kudp_allow_set(struct kudp_responder *r, const char *value);
size_t kudp_allow_whole(const char *page, size_t count);
ssize_t kudp_allow_print(const struct kudp_responder *r, char *page);

#endif
