// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters: where any is given they make the responder "default" when the module is
 * loaded, in the network namespace of who loads it. Names and values are those of configfs.
 */
#include <linux/module.h>

#include "config.h"
#include "parameters.h"
#include "responder.h"
#include "settings.h"

/* Not by the bare names: "log" is one of the compiler's own. */
#define KUDP_ATTRIBUTE(name, what)					\
	static char *kudp_given_##name;					\
	module_param_named(name, kudp_given_##name, charp, 0444);	\
	MODULE_PARM_DESC(name, what);
#include "attributes.h"

static struct kudp_responder *kudp_default;

static const struct {
	const char *attribute;
	char **value;
} kudp_parameters[] = {
#define KUDP_ATTRIBUTE(name, what) { #name, &kudp_given_##name },
#include "attributes.h"
};

static bool kudp_parameters_given(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kudp_parameters); i++)
		if (*kudp_parameters[i].value)
			return true;
	return false;
}

static int kudp_default_enable(struct kudp_responder *r)
{
	int i, err = 0;

	mutex_lock(&kudp_lock);
	for (i = 0; i < ARRAY_SIZE(kudp_parameters) && !err; i++)
		if (*kudp_parameters[i].value)
			err = kudp_set(r, kudp_parameters[i].attribute, *kudp_parameters[i].value);
	if (!err)
		err = kudp_set(r, "enabled", "1");
	mutex_unlock(&kudp_lock);
	return err;
}

/**
 * kudp_parameters_init() - make the responder "default" if any parameter asks for it
 *
 * Context: may sleep; the module is being loaded.
 * Return: 0 or an errno with nothing left behind.
 */
int kudp_parameters_init(void)
{
	struct kudp_responder *r;
	int err;

	if (!kudp_parameters_given())
		return 0;
	r = kudp_responder_create("default");
	if (IS_ERR(r))
		return PTR_ERR(r);
	err = kudp_default_enable(r);
	if (!err)
		err = kudp_responder_register(r);
	if (err)
		kudp_responder_put(r);
	else
		kudp_default = r;
	return err;
}

/**
 * kudp_parameters_exit() - stop and remove that responder
 *
 * Context: may sleep.
 */
void kudp_parameters_exit(void)
{
	if (!kudp_default)
		return;
	kudp_responder_unregister(kudp_default);
	kudp_responder_put(kudp_default);
}
