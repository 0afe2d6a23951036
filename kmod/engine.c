// SPDX-License-Identifier: GPL-2.0-only
#include "bad_value.h"
#include "engine.h"

static const struct kudp_engine * const kudp_engines[] = {
	&kudp_engine_kthread,
	&kudp_engine_softirq,
	&kudp_engine_classic,
};

/**
 * kudp_engine_default() - the engine of a responder that names none
 *
 * Return: the engine.
 */
const struct kudp_engine *kudp_engine_default(void)
{
	return kudp_engines[0];
}

/**
 * kudp_engine_set() - choose a responder's engine
 * @r: the responder, disabled
 * @name: of an engine
 *
 * Context: under kudp_lock.
 * Return: 0, or -EINVAL after a line that names what there is.
 */
int kudp_engine_set(struct kudp_responder *r, const char *name)
{
	const char *names[ARRAY_SIZE(kudp_engines)];
	int i;

	for (i = 0; i < ARRAY_SIZE(kudp_engines); i++) {
		names[i] = kudp_engines[i]->name;
		if (!strcmp(name, names[i])) {
			r->engine = kudp_engines[i];
			return 0;
		}
	}
	return kudp_bad_choice(kudp_name(r), "engine", name, names, ARRAY_SIZE(names));
}
