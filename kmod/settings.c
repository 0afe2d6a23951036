// SPDX-License-Identifier: GPL-2.0-only
/*
 * The values that a responder's attributes can take. A refused value changes nothing and leaves one
 * line in the kernel log that names the attribute, the value and what is allowed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/nsproxy.h>
#include <net/addrconf.h>

#include "kudp.h"
#include "reply_to.h"

#define KUDP_LOGGED_MAX 64	/* bytes of a refused value */

const char * const kudp_replies[KUDP_N_REPLIES] = {
	[KUDP_ECHO] = "echo",
	[KUDP_DISCARD] = "discard",
	[KUDP_TEXT] = "text",
	[KUDP_STAMP] = "stamp",
};

static const struct kudp_engine * const kudp_engines[] = {
	&kudp_engine_kthread,
	&kudp_engine_softirq,
	&kudp_engine_classic,
};

/* Says what @attribute may be, and returns -EINVAL. */
int kudp_refuse(const struct kudp_responder *r, const char *attribute, const char *value,
		const char *want)
{
	pr_err("%s: %s=%*pE: want %s\n", kudp_name(r), attribute,
	       (int)strnlen(value, KUDP_LOGGED_MAX), value, want);
	return -EINVAL;
}

static int kudp_set_number(const struct kudp_responder *r, const char *attribute,
			   const char *value, unsigned int *number, unsigned int min,
			   unsigned int max)
{
	char want[32];
	unsigned int n;

	if (!kstrtouint(value, 10, &n) && n >= min && n <= max) {
		*number = n;
		return 0;
	}
	snprintf(want, sizeof(want), "%u to %u", min, max);
	return kudp_refuse(r, attribute, value, want);
}

static int kudp_set_engine(struct kudp_responder *r, const char *value)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kudp_engines); i++) {
		if (!strcmp(value, kudp_engines[i]->name)) {
			r->engine = kudp_engines[i];
			return 0;
		}
	}
	return kudp_refuse(r, "engine", value, "kthread, softirq or classic");
}

static int kudp_set_reply(struct kudp_responder *r, const char *value)
{
	int i = match_string(kudp_replies, ARRAY_SIZE(kudp_replies), value);

	if (i < 0)
		return kudp_refuse(r, "reply", value, "echo, discard, text or stamp");
	r->policy.reply = i;
	return 0;
}

static int kudp_set_text(struct kudp_responder *r, const char *value)
{
	size_t len = strlen(value);

	if (len > sizeof(r->text))
		return kudp_refuse(r, "text", value, "up to " __stringify(KUDP_TEXT_MAX) " bytes");
	memcpy(r->text, value, len);
	r->policy.text_len = len;
	return 0;
}

static int kudp_set_bool(const struct kudp_responder *r, const char *attribute,
			 const char *value, bool *set)
{
	/* kstrtobool() looks at the first letter alone: "never" would switch a rule off. */
	if (strcmp(value, "0") && strcmp(value, "1"))
		return kudp_refuse(r, attribute, value, "0 or 1");
	*set = *value == '1';
	return 0;
}

static int kudp_set_amplify(struct kudp_responder *r, const char *value)
{
	return kudp_set_bool(r, "amplify", value, &r->policy.amplify);
}

static int kudp_set_gro(struct kudp_responder *r, const char *value)
{
	return kudp_set_bool(r, "gro", value, &r->gro);
}

static int kudp_set_reply_to(struct kudp_responder *r, const char *value)
{
	if (!*value)
		memset(&r->reply_to, 0, sizeof(r->reply_to));
	else if (strlen(value) >= sizeof(r->reply_to_text) ||
		 kudp_parse_endpoint(current->nsproxy->net_ns, value, &r->reply_to))
		return kudp_refuse(r, "reply_to", value, KUDP_ENDPOINT_WANT ", or nothing");
	strscpy(r->reply_to_text, value, sizeof(r->reply_to_text));
	return 0;
}

static int kudp_set_log(struct kudp_responder *r, const char *value)
{
	return kudp_set_bool(r, "log", value, &r->log);
}

static int kudp_set_turnaround(struct kudp_responder *r, const char *value)
{
	if (strcmp(value, "route") && strcmp(value, "link"))
		return kudp_refuse(r, "turnaround", value, "route or link");
	r->link = !strcmp(value, "link");
	return 0;
}

/* Both families have the port in the same place. */
static void kudp_address_set_port(struct kudp_responder *r)
{
	((struct sockaddr_in *)&r->address)->sin_port = htons(r->policy.port);
}

static int kudp_set_address(struct kudp_responder *r, const char *value)
{
	struct sockaddr_storage address = {};

	if (!kudp_is_address(value) ||
	    inet_pton_with_scope(current->nsproxy->net_ns, AF_UNSPEC, value, NULL, &address) ||
	    !kudp_is_unicast(&address) || kudp_is_mapped(&address))
		return kudp_refuse(r, "address", value, "a unicast address, 0.0.0.0 or ::");
	r->address = address;
	kudp_address_set_port(r);
	return 0;
}

static int kudp_set_port(struct kudp_responder *r, const char *value)
{
	unsigned int port;
	int err = kudp_set_number(r, "port", value, &port, 1, 65535);

	if (err)
		return err;
	r->policy.port = port;
	kudp_address_set_port(r);
	return 0;
}

static int kudp_set_batch(struct kudp_responder *r, const char *value)
{
	return kudp_set_number(r, "batch", value, &r->batch, 1, KUDP_BATCH_MAX);
}

static int kudp_set_rcvbuf(struct kudp_responder *r, const char *value)
{
	return kudp_set_number(r, "rcvbuf", value, &r->rcvbuf, KUDP_RCVBUF_MIN, KUDP_RCVBUF_MAX);
}

static int kudp_set_stateful(struct kudp_responder *r, const char *value)
{
	return kudp_set_bool(r, "stateful", value, &r->stateful);
}

/* Also while enabled: a clock drifts, is set, loses its source. */
static int kudp_set_clock_error(struct kudp_responder *r, const char *value)
{
	unsigned int ns;
	int err = kudp_set_number(r, "clock_error", value, &ns, 0, NSEC_PER_SEC - 1);

	if (!err)
		WRITE_ONCE(r->clock_error, ns);
	return err;
}

static int kudp_set_guard_low_port(struct kudp_responder *r, const char *value)
{
	return kudp_set_bool(r, "guard_low_port", value, &r->rules.low_port);
}

static int kudp_set_guard_responder_port(struct kudp_responder *r, const char *value)
{
	return kudp_set_bool(r, "guard_responder_port", value, &r->rules.responder_port);
}

static int kudp_set_guard_hop_limit(struct kudp_responder *r, const char *value)
{
	return kudp_set_bool(r, "guard_hop_limit", value, &r->rules.hop_limit);
}

static int kudp_set_rate(struct kudp_responder *r, const char *value)
{
	return kudp_set_number(r, "rate", value, &r->rules.rate, 0, KUDP_RATE_MAX);
}

static int kudp_set_rate_prefix(struct kudp_responder *r, const char *value)
{
	return kudp_set_number(r, "rate_prefix", value, &r->rules.rate_prefix, 0, KUDP_RATE_MAX);
}

static int kudp_set_rate_prefix_ipv4(struct kudp_responder *r, const char *value)
{
	return kudp_set_number(r, "rate_prefix_ipv4", value, &r->rules.prefix_ipv4, 1, 32);
}

static int kudp_set_rate_prefix_ipv6(struct kudp_responder *r, const char *value)
{
	return kudp_set_number(r, "rate_prefix_ipv6", value, &r->rules.prefix_ipv6, 1, 64);
}

static int kudp_set_busy_poll(struct kudp_responder *r, const char *value)
{
	return kudp_set_number(r, "busy_poll", value, &r->busy_poll, 0, KUDP_BUSY_POLL_MAX);
}

/* What each attribute allows, but not all together. */
static int kudp_check_together(const struct kudp_responder *r)
{
	bool classic = r->engine == &kudp_engine_classic;
	bool made = r->policy.reply == KUDP_TEXT || r->policy.reply == KUDP_STAMP;

	if (!r->policy.port)
		return kudp_refuse(r, "port", "", "1 to 65535 before enabled=1");
	if (r->gro && (classic || made))
		return kudp_refuse(r, "gro", "1",
				   "engine kthread or softirq, reply echo or discard");
	if (kudp_has_reply_to(r) && !classic)
		return kudp_refuse(r, "reply_to", r->reply_to_text,
				   "engine classic: the others answer where it came from");
	if (kudp_has_reply_to(r) && r->policy.reply == KUDP_STAMP)
		return kudp_refuse(r, "reply_to", r->reply_to_text,
				   "another reply than stamp: a sender waits for that");
	if (r->gro && r->log)
		return kudp_refuse(r, "log", "1", "gro 0: super-packets are not logged");
	if (r->link && (r->engine != &kudp_engine_softirq || r->gro))
		return kudp_refuse(r, "turnaround", "link", "engine softirq, gro 0");
	if (r->busy_poll && r->engine != &kudp_engine_kthread)
		return kudp_refuse(r, "busy_poll", "on", "engine kthread, or 0");
	return 0;
}

static int kudp_set_enabled(struct kudp_responder *r, const char *value)
{
	unsigned int port = r->policy.port;
	bool enabled;
	int err;

	err = kudp_set_bool(r, "enabled", value, &enabled);
	if (err)
		return err;
	if (!enabled) {
		kudp_responder_disable(r);
		return 0;
	}
	if (r->enabled)
		return 0;
	if (r->policy.reply == KUDP_STAMP && !port)
		kudp_set_port(r, __stringify(KUDP_STAMP_PORT));
	err = kudp_check_together(r) ?: kudp_responder_enable(r);
	if (err) {
		r->policy.port = port;
		kudp_address_set_port(r);
	}
	return err;
}

static const struct {
	const char *attribute;
	int (*set)(struct kudp_responder *r, const char *value);
} kudp_settings[] = {
#define KUDP_ATTRIBUTE(name, what) { #name, kudp_set_##name },
#include "attributes.h"
	{ "enabled", kudp_set_enabled },
};

/* Returns 0, -EINVAL, -EBUSY while enabled, or for "enabled" what kudp_responder_enable() does. */
int kudp_set(struct kudp_responder *r, const char *attribute, const char *value)
{
	int i;

	lockdep_assert_held(&kudp_lock);
	for (i = 0; i < ARRAY_SIZE(kudp_settings); i++)
		if (!strcmp(kudp_settings[i].attribute, attribute))
			break;
	if (WARN_ON_ONCE(i == ARRAY_SIZE(kudp_settings)))
		return -EINVAL;
	if (r->enabled && kudp_settings[i].set != kudp_set_enabled &&
	    kudp_settings[i].set != kudp_set_clock_error) {
		kudp_refuse(r, attribute, value, "enabled=0 first");
		return -EBUSY;
	}
	return kudp_settings[i].set(r, value);
}

void kudp_settings_default(struct kudp_responder *r)
{
	struct sockaddr_in *address = (struct sockaddr_in *)&r->address;

	r->engine = kudp_engines[0];
	r->batch = 64;
	r->rcvbuf = 4 << 20;
	r->rules = (struct kudp_rules){
		.low_port = true,
		.responder_port = true,
		.hop_limit = true,
		.prefix_ipv4 = 24,
		.prefix_ipv6 = 56,
	};
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}
