/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_COUNTERS_H
#define KUDP_COUNTERS_H

/*
 * What happens to a datagram. Everything received ends under exactly one of the others, so
 * "received" equals their sum whenever nothing is in flight.
 */
enum kudp_counter {
	KUDP_RECEIVED,		/* datagrams addressed to the responder */
	KUDP_ACCEPT = KUDP_RECEIVED, /* as a verdict: nothing speaks against an answer so far */
	KUDP_ANSWERED,		/* replies handed to the network */
	KUDP_DISCARDED,		/* taken in by the reply "discard" */
	KUDP_SOCKET_DROPS,	/* by the kernel at the socket: rcvbuf full, bad checksum */
	KUDP_QUEUE_FULL,	/* more than rcvbuf was waiting for the worker */
	KUDP_MALFORMED,		/* the UDP length is not the datagram's */
	KUDP_NOT_UNICAST,	/* to, or from, a multicast or broadcast address */
	KUDP_SOURCE_PORT,	/* from port 0, where nobody can be answered */
	KUDP_LOW_PORT,		/* from a service's port: answering could loop */
	KUDP_RESPONDER_PORT,	/* from the port of a responder: answering could loop */
	KUDP_HOP_LIMIT,		/* the request's way was too long, or it went in a loop */
	KUDP_NOT_ALLOWED,	/* from none of the prefixes in "allow" */
	KUDP_RATE,		/* more than "rate" */
	KUDP_RATE_PREFIX,	/* more than "rate_prefix" from this prefix */
	KUDP_AMPLIFICATION,	/* the reply would be longer than the request */
	KUDP_NO_ROUTE,		/* no way back to the sender from the address it asked */
	KUDP_NO_MEMORY,		/* the datagram was shared and could not be copied */
	KUDP_SEND_FAILED,	/* refused by the firewall, the device or its queue */
	KUDP_STAMP_SHORT,	/* too short for a test packet of TWAMP or STAMP */
	KUDP_STAMP_CORRUPT,	/* its error estimate cannot be (RFC 4656 section 4.1.2) */
	KUDP_STAMP_AUTHENTICATED, /* of STAMP's authenticated mode, which is not served */
	KUDP_STAMP_SESSIONS,	/* stateful: no room for one more session */
	KUDP_STAMP_REPLY,	/* a reflector's own reply, sent back: answering would loop */
	KUDP_STOPPED,		/* the responder or its CPU went away */
	KUDP_N_COUNTERS
};

#endif
