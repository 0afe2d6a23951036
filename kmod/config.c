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

#include "allow.h"
#include "bad_value.h"
#include "config.h"
#include "enable.h"
#include "responder.h"
#include "settings.h"
#include "statistics.h"
#include "worker.h"

static struct kudp_responder *kudp_of(struct config_item *item)
{
	return container_of(item, struct kudp_responder, group.cg_item);
}

static ssize_t kudp_show(struct config_item *item, const char *attribute, char *page)
{
	ssize_t len;

	mutex_lock(&kudp_lock);
	len = kudp_get(kudp_of(item), attribute, page);
	mutex_unlock(&kudp_lock);
	return len;
}

/*
 * A write ends in a newline as a rule; that one is not part of the value. What is longer than
 * configfs takes in one go it hands over in parts, which "allow" alone can be written in.
 */
static ssize_t kudp_store(struct config_item *item, const char *attribute, const char *page,
			  size_t count)
{
	size_t whole = strcmp(attribute, "allow") ? count : kudp_allow_whole(page, count);
	char *value;
	int err;

	if (count && !whole)
		return kudp_bad_value(kudp_name(kudp_of(item)), attribute, page,
				      "each prefix with a + where there are more than a page");
	value = kmemdup_nul(page, whole, GFP_KERNEL);
	if (!value)
		return -ENOMEM;
	if (whole && value[whole - 1] == '\n')
		value[whole - 1] = '\0';

	mutex_lock(&kudp_lock);
	err = kudp_set(kudp_of(item), attribute, value);
	mutex_unlock(&kudp_lock);
	kfree(value);
	return err ?: whole;
}

#define KUDP_READ_WRITE(name)									\
	static ssize_t kudp_##name##_show(struct config_item *item, char *page)			\
	{											\
		return kudp_show(item, #name, page);						\
	}											\
	static ssize_t kudp_##name##_store(struct config_item *item, const char *page,		\
					   size_t count)					\
	{											\
		return kudp_store(item, #name, page, count);					\
	}											\
	CONFIGFS_ATTR(kudp_, name);

#define KUDP_ATTRIBUTE(name, what) KUDP_READ_WRITE(name)
#include "attributes.h"
KUDP_READ_WRITE(enabled)

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

/**
 * kudp_responder_create() - make a responder, disabled, with every attribute at its default
 * @name: its name
 *
 * Context: may sleep.
 * Return: the responder, with one reference, or an ERR_PTR().
 */
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

/**
 * kudp_responder_put() - stop a responder and give up the caller's reference
 * @r: the responder
 *
 * Context: may sleep; takes kudp_lock.
 */
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

/**
 * kudp_responder_register() - show a responder that was not made by mkdir
 * @r: the responder; its folder does not hold the module
 *
 * Context: may sleep, not under kudp_lock.
 * Return: 0 or an errno.
 */
int kudp_responder_register(struct kudp_responder *r)
{
	return configfs_register_group(&kudp_subsystem.su_group, &r->group);
}

/**
 * kudp_responder_unregister() - undo kudp_responder_register()
 * @r: the responder
 *
 * Context: may sleep, not under kudp_lock.
 */
void kudp_responder_unregister(struct kudp_responder *r)
{
	configfs_unregister_group(&r->group);
}

/**
 * kudp_config_init() - make configfs' folder
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int kudp_config_init(void)
{
	config_group_init(&kudp_subsystem.su_group);
	mutex_init(&kudp_subsystem.su_mutex);
	return configfs_register_subsystem(&kudp_subsystem);
}

/**
 * kudp_config_exit() - remove it
 *
 * Responders made by mkdir hold the module: none is left here.
 *
 * Context: may sleep.
 */
void kudp_config_exit(void)
{
	configfs_unregister_subsystem(&kudp_subsystem);
}
