/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_PORTS_H
#define KUDP_PORTS_H

struct kudp_responder;

/* A bit for each that a responder has; read without a lock. */
extern unsigned long kudp_ports[];

void kudp_port_take(unsigned short port);
void kudp_port_release(const struct kudp_responder *r);

#endif
