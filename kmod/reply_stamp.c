// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reply "stamp": what stamp.h does not know because only the kernel does. When a request was
 * received says the kernel's own timestamp of it, taken where the driver handed it over.
 *
 * Stateful, a reflector counts the packets of each session, which tells a sender on which way its
 * packets are lost (RFC 8762 section 4). A worker keeps the sessions that arrive on its CPU, as
 * one flow's packets do; none is shared.
 */
#include <linux/ip.h>
#include <linux/siphash.h>
#include <linux/udp.h>
#include <net/ipv6.h>

#include "compat.h"
#include "datagram.h"
#include "reply.h"
#include "stamp.h"

#define KUDP_SESSION_SETS	256
#define KUDP_SESSION_WAYS	4
/* A session that was silent for longer gives its place to a new one. */
#define KUDP_SESSION_IDLE	(60 * HZ)

struct kudp_session {
	/* Whose it is, up to the SSID; hashed as it lies here. */
	struct in6_addr peer;		/* IPv4: mapped */
	struct in6_addr local;
	__be16 port;			/* 0: nobody's place */
	u16 ssid;
	u32 sequence;			/* of the next reply */
	unsigned long last;		/* jiffies */
};

/* No session of a CPU's is another's, so no lock. */
static int kudp_stamp_init(struct kudp_worker *w)
{
	int err;

	/* The kernel stamps what it receives as long as any socket wants it, which this does. */
	err = kudp_enable_timestamps(w->sock);
	if (err || !w->responder->stateful)
		return err;
	w->reply = kvzalloc_node(KUDP_SESSION_SETS * KUDP_SESSION_WAYS *
				 sizeof(struct kudp_session), GFP_KERNEL, cpu_to_node(w->cpu));
	return w->reply ? 0 : -ENOMEM;
}

static void kudp_stamp_exit(struct kudp_worker *w)
{
	kvfree(w->reply);
}

static bool kudp_session_is(const struct kudp_session *s, const struct kudp_session *key)
{
	return s->port == key->port && s->ssid == key->ssid &&
	       ipv6_addr_equal(&s->peer, &key->peer) && ipv6_addr_equal(&s->local, &key->local);
}

/* The session of @key: found, or begun where there is room. */
static struct kudp_session *kudp_session_find(struct kudp_worker *w,
					      const struct kudp_session *key)
{
	static siphash_aligned_key_t secret __read_mostly;
	struct kudp_session *sessions = w->reply;
	struct kudp_session *set, *oldest;
	u64 hash;
	int i;

	/* Secret, so that nobody can choose sources that meet in one set and shut others out. */
	net_get_random_once(&secret, sizeof(secret));
	hash = siphash(key, offsetof(struct kudp_session, sequence), &secret);
	set = &sessions[hash % KUDP_SESSION_SETS * KUDP_SESSION_WAYS];
	oldest = set;
	for (i = 0; i < KUDP_SESSION_WAYS; i++) {
		if (kudp_session_is(&set[i], key))
			return &set[i];
		if (oldest->port && (!set[i].port || time_before(set[i].last, oldest->last)))
			oldest = &set[i];
	}
	if (oldest->port && time_before(jiffies, oldest->last + KUDP_SESSION_IDLE))
		return NULL;
	*oldest = *key;
	return oldest;
}

static bool kudp_session_next(struct kudp_worker *w, const struct kudp_session *key,
			      u32 *sequence)
{
	struct kudp_session *s = kudp_session_find(w, key);

	if (!s)
		return false;
	s->last = jiffies;
	*sequence = s->sequence++;
	return true;
}

/* @key says who asks whom; its other fields are set here. */
static enum kudp_counter kudp_stamp_turn(struct kudp_worker *w, struct kudp_session *key,
					 unsigned char *packet, unsigned int len,
					 ktime_t received, u8 ttl)
{
	struct timespec64 time = ktime_to_timespec64(received ?: ktime_get_real());
	struct kudp_stamp_reply reply = {
		.sequence = kudp_get32(packet + KUDP_STAMP_SEQUENCE),
		.seconds = time.tv_sec,
		.nanoseconds = time.tv_nsec,
		.error = kudp_stamp_error(READ_ONCE(w->responder->clock_error)),
		.ttl = ttl,
	};

	if (kudp_stamp_is_reply(packet, len, reply.error))
		return KUDP_STAMP_REPLY;
	if (w->reply) {
		key->ssid = kudp_stamp_ssid(packet, len);
		key->sequence = 0;
		if (!kudp_session_next(w, key, &reply.sequence))
			return KUDP_STAMP_SESSIONS;
	}
	kudp_stamp_reflect(packet, len, &reply);
	return KUDP_ACCEPT;
}

/* Makes the part of @skb that is read and written linear, and long enough for the reply. */
static bool kudp_stamp_make_room(struct sk_buff *skb, unsigned int len)
{
	unsigned int reply = kudp_stamp_length(len), more = reply > len ? reply - len : 0;

	/* TLVs may be anywhere in the rest of it. */
	if (skb_linearize(skb))
		return false;
	if (skb_tailroom(skb) < more && pskb_expand_head(skb, 0, more, GFP_ATOMIC))
		return false;
	skb_put_zero(skb, more);
	return true;
}

static unsigned char *kudp_stamp_packet(const struct sk_buff *skb)
{
	return skb_transport_header(skb) + sizeof(struct udphdr);
}

static void kudp_stamp_now(unsigned char *packet)
{
	struct timespec64 now;

	ktime_get_real_ts64(&now);
	kudp_stamp_put_departure(packet, now.tv_sec, now.tv_nsec);
}

/* Without the time of departure; the checksum is not made up for it. */
enum kudp_counter kudp_stamp_make(struct kudp_worker *w, struct sk_buff *skb)
{
	unsigned int len = kudp_payload(skb);
	ktime_t received = skb_tstamp(skb);
	struct kudp_session key = {};
	enum kudp_counter verdict;
	u8 ttl;

	if (!kudp_stamp_make_room(skb, len))
		return KUDP_NO_MEMORY;
	verdict = kudp_stamp_check(kudp_stamp_packet(skb), len);
	if (verdict != KUDP_ACCEPT)
		return verdict;
	key.port = udp_hdr(skb)->source;
	if (skb->protocol == htons(ETH_P_IPV6)) {
		key.peer = ipv6_hdr(skb)->saddr;
		key.local = ipv6_hdr(skb)->daddr;
		ttl = ipv6_hdr(skb)->hop_limit;
	} else {
		ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, &key.peer);
		ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, &key.local);
		ttl = ip_hdr(skb)->ttl;
	}
	return kudp_stamp_turn(w, &key, kudp_stamp_packet(skb), len, received, ttl);
}

/* As late as can be. */
void kudp_stamp_depart(struct sk_buff *skb)
{
	kudp_stamp_now(kudp_stamp_packet(skb));
}

enum kudp_counter kudp_stamp_copy(struct kudp_worker *w, const struct kudp_request *request,
				  struct kvec *reply)
{
	unsigned char *packet = reply->iov_base;
	struct kudp_session key = {
		.peer = request->peer,
		.local = request->local,
		.port = request->port,
	};
	enum kudp_counter verdict = kudp_stamp_check(packet, request->len);

	if (verdict == KUDP_ACCEPT)
		verdict = kudp_stamp_turn(w, &key, packet, request->len, request->received,
					  request->hops);
	if (verdict == KUDP_ACCEPT)
		kudp_stamp_now(packet);
	return verdict;
}

const struct kudp_reply_ops kudp_reply_stamp = {
	.name = "stamp",
	.port = KUDP_STAMP_PORT,
	.low_port = KUDP_STAMP_PORT,
	.awaited = true,
	.hops = true,
	.init = kudp_stamp_init,
	.exit = kudp_stamp_exit,
};
