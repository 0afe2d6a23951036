/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_SETTINGS_H
#define KUDP_SETTINGS_H

#include <linux/types.h>

#define KUDP_BATCH_MAX		256
#define KUDP_BUSY_POLL_MAX	1000
#define KUDP_RCVBUF_MIN		4096
#define KUDP_RCVBUF_MAX		0x40000000
#define KUDP_RATE_MAX		100000000

struct kudp_responder;

int kudp_set(struct kudp_responder *r, const char *attribute, const char *value);
ssize_t kudp_get(const struct kudp_responder *r, const char *attribute, char *page);
void kudp_settings_default(struct kudp_responder *r);

#endif
