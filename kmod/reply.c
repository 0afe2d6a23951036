// SPDX-License-Identifier: GPL-2.0-only
#include "bad_value.h"
#include "reply.h"

static const struct kudp_reply_ops * const kudp_replies[KUDP_N_REPLIES] = {
#define KUDP_REPLY(id, name, payload, departure, length) &kudp_reply_##name,
#include "replies.h"
};

/**
 * kudp_reply_set() - choose a responder's reply
 * @r: the responder, disabled
 * @name: of a reply
 *
 * Context: under kudp_lock.
 * Return: 0, or -EINVAL after a line that names what there is.
 */
int kudp_reply_set(struct kudp_responder *r, const char *name)
{
	const char *names[KUDP_N_REPLIES];
	int i;

	for (i = 0; i < KUDP_N_REPLIES; i++) {
		names[i] = kudp_replies[i]->name;
		if (!strcmp(name, names[i])) {
			r->policy.reply = i;
			r->reply = kudp_replies[i];
			return 0;
		}
	}
	return kudp_bad_choice(kudp_name(r), "reply", name, names, KUDP_N_REPLIES);
}
