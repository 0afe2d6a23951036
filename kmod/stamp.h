/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packets of STAMP (RFC 8762, RFC 8972) and TWAMP Light (RFC 5357, appendix I), unauthenticated
 * mode, as a session reflector reads and writes them. No kernel calls: the unit tests and kudp-load
 * compile this too.
 */
#ifndef KUDP_STAMP_H
#define KUDP_STAMP_H

#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#include "counters.h"

#define KUDP_STAMP_PORT		862	/* RFC 8762 section 4.1 */
#define KUDP_STAMP_HOLD_MAX	64	/* s: no reply was held for so long */
#define KUDP_STAMP_NTP_EPOCH	2208988800u	/* seconds from 1900 to 1970, RFC 5905 section 6 */

/* Where fields are, all big-endian, and how long packets are, in bytes. */
enum {
	/* Both: RFC 8762 sections 4.2.1 and 4.3.1; the SSID, RFC 8972 section 3 */
	KUDP_STAMP_SEQUENCE = 0,
	KUDP_STAMP_TIMESTAMP = 4,
	KUDP_STAMP_ERROR = 12,
	KUDP_STAMP_SSID = 14,
	/* A reflector's: RFC 8762 section 4.3.1 */
	KUDP_STAMP_RECEIVED = 16,
	KUDP_STAMP_SENDER_SEQUENCE = 24,
	KUDP_STAMP_SENDER_TIMESTAMP = 28,
	KUDP_STAMP_SENDER_ERROR = 36,
	KUDP_STAMP_SENDER_TTL = 40,

	KUDP_TWAMP_REQUEST = 14,	/* TWAMP Light's without padding, RFC 5357 section 4.1.2 */
	KUDP_TWAMP_REPLY = 41,		/* and the answer to it, section 4.2.1 */
	KUDP_STAMP_BASE = 44,		/* what TLVs follow, RFC 8762 section 4.2.1 */
	KUDP_STAMP_AUTHENTICATED_BASE = 112,	/* section 4.2.2 */
};

/* TLVs: RFC 8972 section 4 */
enum {
	KUDP_STAMP_TLV_HEADER = 4,	/* flags 1, type 1, length of the value 2 */
	KUDP_STAMP_TLV_UNRECOGNIZED = 0x80,
	KUDP_STAMP_TLV_MALFORMED = 0x40,
	KUDP_STAMP_TLV_RESERVED = 0,
	KUDP_STAMP_TLV_PADDING = 1,	/* section 4.1 */
};

/* Error estimate: RFC 4656 section 4.1.2, RFC 8186 section 2.1 for Z, which is 0: NTP's format */
enum {
	KUDP_STAMP_SYNCHRONIZED = 0x8000,
	KUDP_STAMP_SCALE_SHIFT = 8,
	KUDP_STAMP_SCALE_MASK = 0x3f,
	KUDP_STAMP_MULTIPLIER_MASK = 0xff,
	KUDP_STAMP_ERROR_UNKNOWN = 0x3fff,	/* not synchronized, as far off as can be said */
};

/* What a reflector adds to a request. */
struct kudp_stamp_reply {
	unsigned int sequence;
	unsigned int seconds;		/* of the Unix epoch: when the request was received */
	unsigned int nanoseconds;
	unsigned short error;		/* of both timestamps, as in the packet */
	unsigned char ttl;		/* or hop limit, of the request */
};

static inline unsigned int kudp_get16(const unsigned char *field)
{
	return field[0] << 8 | field[1];
}

static inline unsigned int kudp_get32(const unsigned char *field)
{
	return kudp_get16(field) << 16 | kudp_get16(field + 2);
}

static inline void kudp_put16(unsigned char *field, unsigned int value)
{
	field[0] = value >> 8;
	field[1] = value;
}

static inline void kudp_put32(unsigned char *field, unsigned int value)
{
	kudp_put16(field, value >> 16);
	kudp_put16(field + 2, value);
}

/* NTP's 64 bits: seconds of its epoch, and units of 2^-32 s: times 2^32 / 10^9. */
static inline void kudp_stamp_put_time(unsigned char *field, unsigned int seconds,
				       unsigned int nanoseconds)
{
	kudp_put32(field, seconds + KUDP_STAMP_NTP_EPOCH);
	kudp_put32(field + 4, nanoseconds * 18446744074ull >> 32);
}

/*
 * The error estimate of a clock that is at most @ns off UTC, less than a second; 0: nobody knows.
 * Rounded up, so that it never promises more.
 */
static inline unsigned short kudp_stamp_error(unsigned int ns)
{
	unsigned int scale = 0;
	unsigned long long n = ns * 18446744074ull >> 32;

	if (!ns)
		return KUDP_STAMP_ERROR_UNKNOWN;
	for (n++; n > KUDP_STAMP_MULTIPLIER_MASK; n = (n + 1) >> 1)
		scale++;
	return KUDP_STAMP_SYNCHRONIZED | scale << KUDP_STAMP_SCALE_SHIFT | n;
}

/*
 * Bytes that a request of @request bytes is answered with: as many, which is what RFC 8762 section
 * 4.3 wants; but no TWAMP reply is shorter than KUDP_TWAMP_REPLY. Nothing answers what is no
 * test packet.
 */
static inline unsigned int kudp_stamp_length(unsigned int request)
{
	if (request < KUDP_TWAMP_REQUEST || request > KUDP_TWAMP_REPLY)
		return request;
	return KUDP_TWAMP_REPLY;
}

static inline bool kudp_stamp_is_zero(const unsigned char *field, unsigned int len)
{
	while (len--)
		if (*field++)
			return false;
	return true;
}

/*
 * Whether a request may be answered: KUDP_ACCEPT, or why not. Its first KUDP_STAMP_RECEIVED bytes
 * are looked at, as far as @len goes.
 *
 * The mode is not in the packet. One of authenticated mode has zeros where the timestamp and the
 * error estimate of the other mode are (RFC 8762 section 4.2.2), and it cannot be verified here:
 * discarded, section 4.4. So is an error estimate with a multiplier of 0 (RFC 4656 section 4.1.2).
 */
static inline enum kudp_counter kudp_stamp_check(const unsigned char *request, unsigned int len)
{
	if (len < KUDP_TWAMP_REQUEST)
		return KUDP_STAMP_SHORT;
	if (len >= KUDP_STAMP_AUTHENTICATED_BASE &&
	    kudp_stamp_is_zero(request + KUDP_STAMP_TIMESTAMP,
			       KUDP_STAMP_RECEIVED - KUDP_STAMP_TIMESTAMP))
		return KUDP_STAMP_AUTHENTICATED;
	if (!(kudp_get16(request + KUDP_STAMP_ERROR) & KUDP_STAMP_MULTIPLIER_MASK))
		return KUDP_STAMP_CORRUPT;
	return KUDP_ACCEPT;
}

/*
 * Whether a request that kudp_stamp_check() passed is a reply of a reflector with the error
 * estimate @error, sent back by an echo service or another reflector. Answered, it would come again
 * for ever. A sender's packet has no receive timestamp. A reply has one from shortly before its own
 * timestamp, and the fields of the request that it answered. The clock may have been set back by a
 * second; if by more, the reply is recognised the next time.
 */
static inline bool kudp_stamp_is_reply(const unsigned char *packet, unsigned int len,
				       unsigned short error)
{
	unsigned int held;

	if (len < KUDP_TWAMP_REPLY || kudp_get16(packet + KUDP_STAMP_ERROR) != error)
		return false;
	held = kudp_get32(packet + KUDP_STAMP_TIMESTAMP) - kudp_get32(packet + KUDP_STAMP_RECEIVED);
	return held + 1 <= KUDP_STAMP_HOLD_MAX &&
	       kudp_get16(packet + KUDP_STAMP_SENDER_ERROR) & KUDP_STAMP_MULTIPLIER_MASK &&
	       !kudp_get16(packet + KUDP_STAMP_SENDER_ERROR + 2);
}

/* A session's identifier: only a packet of STAMP's size has one; 0 is none (RFC 8972 section 3). */
static inline unsigned int kudp_stamp_ssid(const unsigned char *packet, unsigned int len)
{
	return len < KUDP_STAMP_BASE ? 0 : kudp_get16(packet + KUDP_STAMP_SSID);
}

/*
 * Turns the TLVs of a packet of @len bytes into a reflector's: each copied, with the flag U if it
 * was not understood and M, where the walk ends, if it is longer than the packet (RFC 8972 section
 * 4). Type 0 is reserved: what begins with it is the padding of a TWAMP sender and stays as it is.
 */
static inline void kudp_stamp_reflect_tlvs(unsigned char *packet, unsigned int len)
{
	unsigned int off = KUDP_STAMP_BASE, value;
	unsigned char *tlv, flags;

	for (; len - off >= KUDP_STAMP_TLV_HEADER; off += KUDP_STAMP_TLV_HEADER + value) {
		tlv = packet + off;
		if (tlv[1] == KUDP_STAMP_TLV_RESERVED)
			return;
		value = kudp_get16(tlv + 2);
		flags = tlv[1] == KUDP_STAMP_TLV_PADDING ? 0 : KUDP_STAMP_TLV_UNRECOGNIZED;
		if (value > len - off - KUDP_STAMP_TLV_HEADER)
			flags |= KUDP_STAMP_TLV_MALFORMED;
		tlv[0] = flags;
		if (flags & KUDP_STAMP_TLV_MALFORMED)
			return;
	}
}

/*
 * Turns a request of @len bytes, which kudp_stamp_check() passed, into the reply to it in the same
 * place: kudp_stamp_length(@len) bytes, all but the timestamp, which kudp_stamp_put_departure()
 * sets.
 */
static inline void kudp_stamp_reflect(unsigned char *packet, unsigned int len,
				      const struct kudp_stamp_reply *reply)
{
	memmove(packet + KUDP_STAMP_SENDER_SEQUENCE, packet, KUDP_TWAMP_REQUEST);
	kudp_put32(packet + KUDP_STAMP_SEQUENCE, reply->sequence);
	kudp_put16(packet + KUDP_STAMP_ERROR, reply->error);
	if (len < KUDP_STAMP_BASE) /* TWAMP has no SSID there, but zeros */
		kudp_put16(packet + KUDP_STAMP_SSID, 0);
	kudp_stamp_put_time(packet + KUDP_STAMP_RECEIVED, reply->seconds, reply->nanoseconds);
	kudp_put16(packet + KUDP_STAMP_SENDER_ERROR + 2, 0);
	packet[KUDP_STAMP_SENDER_TTL] = reply->ttl;
	if (len < KUDP_STAMP_BASE)
		return;
	memset(packet + KUDP_TWAMP_REPLY, 0, KUDP_STAMP_BASE - KUDP_TWAMP_REPLY);
	kudp_stamp_reflect_tlvs(packet, len);
}

static inline void kudp_stamp_put_departure(unsigned char *packet, unsigned int seconds,
					    unsigned int nanoseconds)
{
	kudp_stamp_put_time(packet + KUDP_STAMP_TIMESTAMP, seconds, nanoseconds);
}

#endif
