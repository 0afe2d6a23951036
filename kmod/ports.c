// SPDX-License-Identifier: GPL-2.0-only
/* The ports of all responders, of all namespaces: those of one host are often neighbours. */
#include <linux/bitmap.h>

#include "guard.h"
#include "ports.h"
#include "responder.h"

DECLARE_BITMAP(kudp_ports, KUDP_PORTS);

/**
 * kudp_port_take() - note that a responder has a port
 * @port: the port
 *
 * Context: under kudp_lock.
 */
void kudp_port_take(unsigned short port)
{
	set_bit(port, kudp_ports);
}

/**
 * kudp_port_release() - note that a responder gives up its port
 * @gone: the responder; another one that is enabled may have the same port
 *
 * Context: under kudp_lock.
 */
void kudp_port_release(const struct kudp_responder *gone)
{
	struct kudp_responder *r;

	list_for_each_entry(r, &kudp_enabled, list)
		if (r != gone && r->policy.port == gone->policy.port)
			return;
	clear_bit(gone->policy.port, kudp_ports);
}
