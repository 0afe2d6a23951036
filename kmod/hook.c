// SPDX-License-Identifier: GPL-2.0-only
#include "engine.h"
#include "hook.h"

/**
 * kudp_hook_of() - the hook that a responder's attributes ask for
 * @r: the responder
 *
 * A super-packet is worth much more than the price of the socket's queue; for single datagrams that
 * is not so. Each way wins its own case, so an attribute chooses.
 *
 * Return: the hook, never NULL.
 */
const struct kudp_hook *kudp_hook_of(const struct kudp_responder *r)
{
	if (r->engine->hook)
		return r->engine->hook;
	return r->gro ? &kudp_hook_queue : &kudp_hook_encap;
}
