/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_ANSWER_H
#define KUDP_ANSWER_H

#include <linux/types.h>

struct kudp_worker;
struct sk_buff;

void kudp_answer(struct kudp_worker *w, struct sk_buff *skb, bool summed);

#endif
