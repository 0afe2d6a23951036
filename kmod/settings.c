// SPDX-License-Identifier: GPL-2.0-only
/*
 * The values that a responder's attributes can take, and how they are read. A refused value changes
 * nothing and leaves one line in the kernel log that names the attribute, the value and what is
 * allowed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/nsproxy.h>
#include <net/addrconf.h>

#include "allow.h"
#include "bad_value.h"
#include "enable.h"
#include "engine.h"
#include "reply.h"
#include "reply_to.h"
#include "settings.h"

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
	return kudp_bad_value(kudp_name(r), attribute, value, want);
}

static int kudp_set_bool(const struct kudp_responder *r, const char *attribute,
			 const char *value, bool *set)
{
	/* kstrtobool() looks at the first letter alone: "never" would switch a rule off. */
	if (strcmp(value, "0") && strcmp(value, "1"))
		return kudp_bad_value(kudp_name(r), attribute, value, "0 or 1");
	*set = *value == '1';
	return 0;
}

/* What can be read, and what is written, of an attribute that is a number or a switch. */
#define KUDP_GET(name, format, ...)								\
	static ssize_t kudp_get_##name(const struct kudp_responder *r, char *page)		\
	{											\
		return sysfs_emit(page, format "\n", __VA_ARGS__);				\
	}

#define KUDP_NUMBER(name, field, min, max)							\
	static int kudp_set_##name(struct kudp_responder *r, const char *value)			\
	{											\
		return kudp_set_number(r, #name, value, &r->field, min, max);			\
	}											\
	KUDP_GET(name, "%u", r->field)

#define KUDP_BOOL(name, field)									\
	static int kudp_set_##name(struct kudp_responder *r, const char *value)			\
	{											\
		return kudp_set_bool(r, #name, value, &r->field);				\
	}											\
	KUDP_GET(name, "%d", r->field)

KUDP_BOOL(amplify, policy.amplify)
KUDP_BOOL(gro, gro)
KUDP_BOOL(log, log)
KUDP_NUMBER(batch, batch, 1, KUDP_BATCH_MAX)
KUDP_NUMBER(rcvbuf, rcvbuf, KUDP_RCVBUF_MIN, KUDP_RCVBUF_MAX)
KUDP_BOOL(stateful, stateful)
KUDP_BOOL(guard_low_port, rules.low_port)
KUDP_BOOL(guard_responder_port, rules.responder_port)
KUDP_BOOL(guard_hop_limit, rules.hop_limit)
KUDP_NUMBER(rate, rules.rate, 0, KUDP_RATE_MAX)
KUDP_NUMBER(rate_prefix, rules.rate_prefix, 0, KUDP_RATE_MAX)
KUDP_NUMBER(rate_prefix_ipv4, rules.prefix_ipv4, 1, 32)
KUDP_NUMBER(rate_prefix_ipv6, rules.prefix_ipv6, 1, 64)
KUDP_NUMBER(busy_poll, busy_poll, 0, KUDP_BUSY_POLL_MAX)

static int kudp_set_engine(struct kudp_responder *r, const char *value)
{
	return kudp_engine_set(r, value);
}

KUDP_GET(engine, "%s", r->engine->name)

static int kudp_set_reply(struct kudp_responder *r, const char *value)
{
	return kudp_reply_set(r, value);
}

KUDP_GET(reply, "%s", r->reply->name)

static int kudp_set_allow(struct kudp_responder *r, const char *value)
{
	return kudp_allow_set(r, value);
}

static ssize_t kudp_get_allow(const struct kudp_responder *r, char *page)
{
	return kudp_allow_print(r, page);
}

static int kudp_set_text(struct kudp_responder *r, const char *value)
{
	size_t len = strlen(value);

	if (len > sizeof(r->text))
		return kudp_bad_value(kudp_name(r), "text", value,
				      "up to " __stringify(KUDP_TEXT_MAX) " bytes");
	memcpy(r->text, value, len);
	r->policy.text_len = len;
	return 0;
}

KUDP_GET(text, "%.*s", (int)r->policy.text_len, r->text)

static int kudp_set_reply_to(struct kudp_responder *r, const char *value)
{
	if (!*value)
		memset(&r->reply_to, 0, sizeof(r->reply_to));
	else if (strlen(value) >= sizeof(r->reply_to_text) ||
		 kudp_parse_endpoint(current->nsproxy->net_ns, value, &r->reply_to))
		return kudp_bad_value(kudp_name(r), "reply_to", value,
				      KUDP_ENDPOINT_WANT ", or nothing");
	strscpy(r->reply_to_text, value, sizeof(r->reply_to_text));
	return 0;
}

KUDP_GET(reply_to, "%s", r->reply_to_text)

static int kudp_set_turnaround(struct kudp_responder *r, const char *value)
{
	static const char * const ways[] = { "route", "link" };
	int i = match_string(ways, ARRAY_SIZE(ways), value);

	if (i < 0)
		return kudp_bad_choice(kudp_name(r), "turnaround", value, ways, ARRAY_SIZE(ways));
	r->link = i;
	return 0;
}

KUDP_GET(turnaround, "%s", r->link ? "link" : "route")

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
		return kudp_bad_value(kudp_name(r), "address", value,
				      "a unicast address, 0.0.0.0 or ::");
	r->address = address;
	kudp_address_set_port(r);
	return 0;
}

KUDP_GET(address, "%pISc", &r->address)

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

KUDP_GET(port, "%u", r->policy.port)

/* Also while enabled: a clock drifts, is set, loses its source. */
static int kudp_set_clock_error(struct kudp_responder *r, const char *value)
{
	unsigned int ns;
	int err = kudp_set_number(r, "clock_error", value, &ns, 0, NSEC_PER_SEC - 1);

	if (!err)
		WRITE_ONCE(r->clock_error, ns);
	return err;
}

KUDP_GET(clock_error, "%u", r->clock_error)

/* What each attribute allows, but not all together. */
static int kudp_check_together(const struct kudp_responder *r)
{
	const char *name = kudp_name(r);

	if (!r->policy.port)
		return kudp_bad_value(name, "port", "", "1 to 65535 before enabled=1");
	if (r->gro && (!r->engine->gro || kudp_payload_source(&r->policy) == KUDP_PAYLOAD_made))
		return kudp_bad_value(name, "gro", "1",
				      "engine kthread or softirq, reply echo or discard");
	if (kudp_has_reply_to(r) && r->engine->in_place)
		return kudp_bad_value(name, "reply_to", r->reply_to_text,
				      "engine classic: the others answer where it came from");
	if (kudp_has_reply_to(r) && r->reply->awaited)
		return kudp_bad_value(name, "reply_to", r->reply_to_text,
				      "another reply than stamp: a sender waits for that");
	if (r->gro && r->log)
		return kudp_bad_value(name, "log", "1", "gro 0: super-packets are not logged");
	if (r->link && (!r->engine->link || r->gro))
		return kudp_bad_value(name, "turnaround", "link", "engine softirq, gro 0");
	if (r->busy_poll && !r->engine->busy_poll)
		return kudp_bad_value(name, "busy_poll", "on", "engine kthread, or 0");
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
	if (!port) {
		r->policy.port = r->reply->port;
		kudp_address_set_port(r);
	}
	err = kudp_check_together(r) ?: kudp_responder_enable(r);
	if (err) {
		r->policy.port = port;
		kudp_address_set_port(r);
	}
	return err;
}

KUDP_GET(enabled, "%d", r->enabled)

static const struct kudp_setting {
	const char *attribute;
	int (*set)(struct kudp_responder *r, const char *value);
	ssize_t (*get)(const struct kudp_responder *r, char *page);
} kudp_settings[] = {
#define KUDP_ATTRIBUTE(name, what) { #name, kudp_set_##name, kudp_get_##name },
#include "attributes.h"
	{ "enabled", kudp_set_enabled, kudp_get_enabled },
};

static const struct kudp_setting *kudp_setting(const char *attribute)
{
	int i;

	lockdep_assert_held(&kudp_lock);
	for (i = 0; i < ARRAY_SIZE(kudp_settings); i++)
		if (!strcmp(kudp_settings[i].attribute, attribute))
			return &kudp_settings[i];
	WARN_ON_ONCE(1);
	return NULL;
}

/**
 * kudp_set() - write an attribute
 * @r: the responder
 * @attribute: one of attributes.h, or "enabled"
 * @value: what is written, without the newline
 *
 * Context: may sleep, under kudp_lock.
 * Return: 0; -EINVAL, -EBUSY while enabled, or what kudp_responder_enable() returns, each with
 * nothing changed and one line in the log.
 */
int kudp_set(struct kudp_responder *r, const char *attribute, const char *value)
{
	const struct kudp_setting *setting = kudp_setting(attribute);

	if (!setting)
		return -EINVAL;
	if (r->enabled && setting->set != kudp_set_enabled &&
	    setting->set != kudp_set_clock_error) {
		kudp_bad_value(kudp_name(r), attribute, value, "enabled=0 first");
		return -EBUSY;
	}
	return setting->set(r, value);
}

/**
 * kudp_get() - read an attribute
 * @r: the responder
 * @attribute: one of attributes.h, or "enabled"
 * @page: gets the value and a newline
 *
 * Context: under kudp_lock.
 * Return: bytes.
 */
ssize_t kudp_get(const struct kudp_responder *r, const char *attribute, char *page)
{
	const struct kudp_setting *setting = kudp_setting(attribute);

	return setting ? setting->get(r, page) : -EINVAL;
}

/**
 * kudp_settings_default() - give every attribute its default
 * @r: the responder, all zeros, which nobody else knows yet
 */
void kudp_settings_default(struct kudp_responder *r)
{
	struct sockaddr_in *address = (struct sockaddr_in *)&r->address;

	r->engine = kudp_engine_default();
	r->reply = &kudp_reply_echo;
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
