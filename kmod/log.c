// SPDX-License-Identifier: GPL-2.0-only
/*
 * log=1: a line for each datagram, before anything is checked. The text is a stranger's: a line
 * holds no more of it than KUDP_LOG_TEXT bytes, printable ASCII as it is and all else escaped,
 * quotes too. Each worker logs at the kernel's default rate, 10 lines in 5 seconds, and counts what
 * it left out.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/string_helpers.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "datagram.h"
#include "log.h"
#include "responder.h"
#include "worker.h"

#define KUDP_LOG_TEXT	128
#define KUDP_LOG_ESCAPE	4	/* characters that a byte becomes, at most */

/**
 * kudp_log_init() - begin anew
 * @w: the worker
 *
 * Context: any, before anything is received.
 */
void kudp_log_init(struct kudp_worker *w)
{
	ratelimit_default_init(&w->log);
	/* What was left out is said here, in kudp_log_summary(). */
	ratelimit_set_flags(&w->log, RATELIMIT_MSG_ON_RELEASE);
	w->unlogged = 0;
}

static bool kudp_log_may(struct kudp_worker *w)
{
	if (__ratelimit(&w->log))
		return true;
	w->unlogged++;
	return false;
}

/* @text holds at least the first KUDP_LOG_TEXT bytes of a datagram of @len. */
static void kudp_log_line(const struct kudp_worker *w, const struct sockaddr_storage *peer,
			  const char *text, unsigned int len)
{
	unsigned int shown = min_t(unsigned int, len, KUDP_LOG_TEXT);
	char line[KUDP_LOG_TEXT * KUDP_LOG_ESCAPE];
	int escaped;

	/* One NUL at the end is not text but how C ends it. */
	if (shown == len && len && !text[len - 1])
		shown--;
	escaped = string_escape_mem(text, shown, line, sizeof(line),
				    ESCAPE_ANY | ESCAPE_NAP | ESCAPE_APPEND, "\"\\");
	pr_info("%s: %u bytes: msg \"%.*s\"%s from %pISc\n", kudp_name(w->responder), len, escaped,
		line, len > KUDP_LOG_TEXT ? "..." : "", peer);
}

static void kudp_log_peer(struct sockaddr_storage *peer, const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IPV6)) {
		peer->ss_family = AF_INET6;
		((struct sockaddr_in6 *)peer)->sin6_addr = ipv6_hdr(skb)->saddr;
	} else {
		peer->ss_family = AF_INET;
		((struct sockaddr_in *)peer)->sin_addr.s_addr = ip_hdr(skb)->saddr;
	}
}

/**
 * kudp_log_datagram() - a line for what was received
 * @w: this CPU's worker
 * @skb: the datagram, its data at the UDP header
 *
 * Context: softirq.
 */
noinline_for_stack void kudp_log_datagram(struct kudp_worker *w, const struct sk_buff *skb)
{
	unsigned int len = kudp_payload(skb);
	struct sockaddr_storage peer = {};
	char text[KUDP_LOG_TEXT];

	if (!kudp_log_may(w) ||
	    skb_copy_bits(skb, sizeof(struct udphdr), text, min_t(unsigned int, len, sizeof(text))))
		return;
	kudp_log_peer(&peer, skb);
	kudp_log_line(w, &peer, text, len);
}

/**
 * kudp_log_summary() - a line for how many had none
 * @r: the responder, which receives nothing any more
 *
 * Context: any.
 */
void kudp_log_summary(const struct kudp_responder *r)
{
	unsigned long unlogged = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		unlogged += per_cpu_ptr(r->workers, cpu)->unlogged;
	if (unlogged)
		pr_info("%s: %lu more datagrams were not logged\n", kudp_name(r), unlogged);
}
