/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every attribute of a responder, once: what it is and what it may be. For inclusion where
 * KUDP_ATTRIBUTE() is defined, so without a guard. settings.c has kudp_set_NAME() and
 * kudp_get_NAME() of each. Module parameters are set in this order.
 */
KUDP_ATTRIBUTE(engine, "how datagrams are taken and answered: kthread (default), softirq, classic")
KUDP_ATTRIBUTE(reply, "what is answered: echo (default), discard, text, stamp")
KUDP_ATTRIBUTE(text, "what reply=text answers, up to " __stringify(KUDP_TEXT_MAX) " bytes")
KUDP_ATTRIBUTE(amplify, "1: may send more bytes than it received; default 0")
KUDP_ATTRIBUTE(address, "own unicast address, 0.0.0.0 or ::; default 127.0.0.1")
KUDP_ATTRIBUTE(port, "UDP port, 1 to 65535; default none, of reply=stamp 862")
KUDP_ATTRIBUTE(gro, "1: take and answer super-packets (GRO, GSO) whole; default 0")
KUDP_ATTRIBUTE(turnaround, "way back: route (default), or link: past routing and firewall")
KUDP_ATTRIBUTE(reply_to, "ADDRESS:PORT that gets the replies; default empty: the sender")
KUDP_ATTRIBUTE(log, "1: each datagram goes to the kernel log, rate-limited; default 0")
KUDP_ATTRIBUTE(batch, "most answered at once, 1 to " __stringify(KUDP_BATCH_MAX) "; default 64")
KUDP_ATTRIBUTE(rcvbuf, "bytes that may wait for each worker, as SO_RCVBUF; default 4194304")
KUDP_ATTRIBUTE(stateful, "1: reply=stamp counts each session's packets; default 0")
KUDP_ATTRIBUTE(clock_error, "ns this clock is off UTC at most, reply=stamp; 0 (default): unknown")
KUDP_ATTRIBUTE(guard_low_port, "1: refuse requests from ports below 1024; default 1")
KUDP_ATTRIBUTE(guard_responder_port, "1: refuse requests from the port of a responder; default 1")
KUDP_ATTRIBUTE(guard_hop_limit, "1: an answer lives no longer than its request; default 1")
KUDP_ATTRIBUTE(allow, "prefixes that may ask, such as 198.18.0.0/15,fd00::/8; default all")
KUDP_ATTRIBUTE(rate, "requests per second in all, up to 100000000; default 0, no limit")
KUDP_ATTRIBUTE(rate_prefix, "the same from each source prefix; default 0, no limit")
KUDP_ATTRIBUTE(rate_prefix_ipv4, "bits of an IPv4 source prefix, 1 to 32; default 24")
KUDP_ATTRIBUTE(rate_prefix_ipv6, "bits of an IPv6 source prefix, 1 to 64; default 56")
KUDP_ATTRIBUTE(busy_poll, "microseconds that kthread polls before it sleeps, up to "
	       __stringify(KUDP_BUSY_POLL_MAX) "; default 0")
#undef KUDP_ATTRIBUTE
