/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_ENABLE_H
#define KUDP_ENABLE_H

struct kudp_responder;

int kudp_responder_enable(struct kudp_responder *r);
void kudp_responder_disable(struct kudp_responder *r);

#endif
