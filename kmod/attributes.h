/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every attribute of a responder, once: what it is and what it may be. For inclusion where
 * KUDP_ATTRIBUTE() is defined, so without a guard. Each needs kudp_set_NAME() in settings.c and its
 * KUDP_SHOW() in config.c. Module parameters are set in this order.
 */
KUDP_ATTRIBUTE(engine, "how datagrams are taken and answered: kthread (default), softirq, classic")
KUDP_ATTRIBUTE(reply, "what is answered: echo (default), discard, text, stamp")
KUDP_ATTRIBUTE(text, "what reply=text answers, up to " __stringify(KUDP_TEXT_MAX) " bytes")
KUDP_ATTRIBUTE(amplify, "1: may send more bytes than it received; default 0")
KUDP_ATTRIBUTE(address, "own unicast address, 0.0.0.0 or ::; default 127.0.0.1")
KUDP_ATTRIBUTE(port, "UDP port, 1 to 65535; default none, of reply=stamp 862")
KUDP_ATTRIBUTE(gro, "1: take and answer super-packets (GRO, GSO) whole; default 0")
KUDP_ATTRIBUTE(turnaround, "way back: route (default), or link: past routing and firewall")
KUDP_ATTRIBUTE(log, "1: each datagram goes to the kernel log, rate-limited; default 0")
KUDP_ATTRIBUTE(batch, "most answered at once, 1 to " __stringify(KUDP_BATCH_MAX) "; default 64")
KUDP_ATTRIBUTE(rcvbuf, "bytes that may wait for each worker, as SO_RCVBUF; default 4194304")
KUDP_ATTRIBUTE(stateful, "1: reply=stamp counts each session's packets; default 0")
KUDP_ATTRIBUTE(clock_error, "ns this clock is off UTC at most, reply=stamp; 0 (default): unknown")
#undef KUDP_ATTRIBUTE
