/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_LINK_H
#define KUDP_LINK_H

#include "kudp.h"

void kudp_answer_link(struct kudp_worker *w, struct sk_buff *skb);
bool kudp_link_is_possible(const struct kudp_responder *r);

#endif
