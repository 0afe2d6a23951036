// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration through configfs. Each attribute is written only while the responder is disabled
 * (else -EBUSY), "clock_error" and "enabled" always; values are checked in settings.c.
 *
 *	/sys/kernel/config/kudp/
 *	└── NAME/          mkdir makes a responder, rmdir stops and removes it
 *	    ├── …          rw  see attributes.h
 *	    ├── enabled    rw  1: serve in the network namespace of the writer; 0: stop
 *	    └── stats      ro  totals by what happened; /proc/net/kudp has them by worker
 */
#include <linux/module.h>

#include "kudp.h"

static struct kudp_responder *kudp_of(struct config_item *item)
{
	return container_of(item, struct kudp_responder, group.cg_item);
}

/* A write ends in a newline as a rule; that one is not part of the value. */
static ssize_t kudp_store(struct config_item *item, const char *attribute, const char *page,
			  size_t count)
{
	char *value;
	int err;

	value = kmemdup_nul(page, count, GFP_KERNEL);
	if (!value)
		return -ENOMEM;
	if (count && value[count - 1] == '\n')
		value[count - 1] = '\0';

	mutex_lock(&kudp_lock);
	err = kudp_set(kudp_of(item), attribute, value);
	mutex_unlock(&kudp_lock);
	kfree(value);
	return err ?: count;
}

#define KUDP_SHOW(name, format, ...)								\
	static ssize_t kudp_##name##_show(struct config_item *item, char *page)			\
	{											\
		struct kudp_responder *r = kudp_of(item);					\
		ssize_t len;									\
												\
		mutex_lock(&kudp_lock);								\
		len = sysfs_emit(page, format "\n", __VA_ARGS__);				\
		mutex_unlock(&kudp_lock);							\
		return len;									\
	}											\
	static ssize_t kudp_##name##_store(struct config_item *item, const char *page,		\
					   size_t count)					\
	{											\
		return kudp_store(item, #name, page, count);					\
	}											\
	CONFIGFS_ATTR(kudp_, name)

KUDP_SHOW(engine, "%s", r->engine->name);
KUDP_SHOW(reply, "%s", kudp_replies[r->policy.reply]);
KUDP_SHOW(text, "%.*s", (int)r->policy.text_len, r->text);
KUDP_SHOW(amplify, "%d", r->policy.amplify);
KUDP_SHOW(address, "%pISc", &r->address);
KUDP_SHOW(port, "%u", r->policy.port);
KUDP_SHOW(gro, "%d", r->gro);
KUDP_SHOW(turnaround, "%s", r->link ? "link" : "route");
KUDP_SHOW(reply_to, "%s", r->reply_to_text);
KUDP_SHOW(log, "%d", r->log);
KUDP_SHOW(batch, "%u", r->batch);
KUDP_SHOW(rcvbuf, "%u", r->rcvbuf);
KUDP_SHOW(stateful, "%d", r->stateful);
KUDP_SHOW(clock_error, "%u", r->clock_error);
KUDP_SHOW(guard_low_port, "%d", r->rules.low_port);
KUDP_SHOW(guard_responder_port, "%d", r->rules.responder_port);
KUDP_SHOW(guard_hop_limit, "%d", r->rules.hop_limit);
KUDP_SHOW(rate, "%u", r->rules.rate);
KUDP_SHOW(rate_prefix, "%u", r->rules.rate_prefix);
KUDP_SHOW(rate_prefix_ipv4, "%u", r->rules.prefix_ipv4);
KUDP_SHOW(rate_prefix_ipv6, "%u", r->rules.prefix_ipv6);
KUDP_SHOW(busy_poll, "%u", r->busy_poll);
KUDP_SHOW(enabled, "%d", r->enabled);

static ssize_t kudp_allow_show(struct config_item *item, char *page)
{
	ssize_t len;

	mutex_lock(&kudp_lock);
	len = kudp_allow_print(kudp_of(item), page);
	mutex_unlock(&kudp_lock);
	return len;
}

/* What is longer than configfs takes in one go, it hands over in parts. */
static ssize_t kudp_allow_store(struct config_item *item, const char *page, size_t count)
{
	size_t whole = kudp_allow_whole(page, count);

	if (count && !whole)
		return kudp_refuse(kudp_of(item), "allow", page,
				   "each prefix with a + where there are more than a page");
	return kudp_store(item, "allow", page, whole);
}

CONFIGFS_ATTR(kudp_, allow);

static ssize_t kudp_stats_show(struct config_item *item, char *page)
{
	ssize_t len;

	mutex_lock(&kudp_lock);
	len = kudp_stats_print(kudp_of(item), page);
	mutex_unlock(&kudp_lock);
	return len;
}

CONFIGFS_ATTR_RO(kudp_, stats);

static struct configfs_attribute *kudp_attributes[] = {
#define KUDP_ATTRIBUTE(name, what) (&kudp_attr_##name),
#include "attributes.h"
	&kudp_attr_enabled,
	&kudp_attr_stats,
	NULL,
};

static void kudp_responder_release(struct config_item *item)
{
	struct kudp_responder *r = kudp_of(item);

	free_percpu(r->workers);
	kvfree(r->allow);
	kfree(r);
}

static struct configfs_item_operations kudp_responder_ops = {
	.release = kudp_responder_release,
};

static const struct config_item_type kudp_responder_type = {
	.ct_item_ops = &kudp_responder_ops,
	.ct_attrs = kudp_attributes,
	.ct_owner = THIS_MODULE,
};

/* A disabled responder with every attribute at its default. */
struct kudp_responder *kudp_responder_create(const char *name)
{
	struct kudp_responder *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return ERR_PTR(-ENOMEM);
	r->workers = alloc_percpu(struct kudp_worker);
	if (!r->workers) {
		kfree(r);
		return ERR_PTR(-ENOMEM);
	}
	kudp_settings_default(r);
	config_group_init_type_name(&r->group, name, &kudp_responder_type);
	return r;
}

/* Stops the responder and gives up the caller's reference. */
void kudp_responder_put(struct kudp_responder *r)
{
	mutex_lock(&kudp_lock);
	kudp_responder_disable(r);
	mutex_unlock(&kudp_lock);
	config_item_put(&r->group.cg_item);
}

static struct config_group *kudp_make_group(struct config_group *group, const char *name)
{
	struct kudp_responder *r;

	/* While the module is loading a folder would not keep it, should that fail. */
	if (THIS_MODULE->state != MODULE_STATE_LIVE)
		return ERR_PTR(-EBUSY);
	r = kudp_responder_create(name);
	return IS_ERR(r) ? ERR_CAST(r) : &r->group;
}

static void kudp_drop_item(struct config_group *group, struct config_item *item)
{
	kudp_responder_put(kudp_of(item));
}

static struct configfs_group_operations kudp_subsystem_ops = {
	.make_group = kudp_make_group,
	.drop_item = kudp_drop_item,
};

static const struct config_item_type kudp_subsystem_type = {
	.ct_group_ops = &kudp_subsystem_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem kudp_subsystem = {
	.su_group.cg_item = {
		.ci_namebuf = "kudp",
		.ci_type = &kudp_subsystem_type,
	},
};

/* Shows a responder that was not made by mkdir; such a folder does not hold the module. */
int kudp_responder_register(struct kudp_responder *r)
{
	return configfs_register_group(&kudp_subsystem.su_group, &r->group);
}

void kudp_responder_unregister(struct kudp_responder *r)
{
	configfs_unregister_group(&r->group);
}

int kudp_config_init(void)
{
	config_group_init(&kudp_subsystem.su_group);
	mutex_init(&kudp_subsystem.su_mutex);
	return configfs_register_subsystem(&kudp_subsystem);
}

/* Responders made by mkdir hold the module: none is left here. */
void kudp_config_exit(void)
{
	configfs_unregister_subsystem(&kudp_subsystem);
}
