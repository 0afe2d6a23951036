// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters: where any is given they make the responder "default" when the module is
 * loaded, in the network namespace of who loads it. Names and values are those of configfs.
 */
#include <linux/module.h>

#include "kudp.h"

static char *engine, *reply, *text, *amplify, *address, *port, *gro, *turnaround, *batch,
	    *rcvbuf;

module_param(engine, charp, 0444);
MODULE_PARM_DESC(engine, "how datagrams are received and answered: kthread (default), softirq, classic");
module_param(reply, charp, 0444);
MODULE_PARM_DESC(reply, "what is answered: echo (default), discard, text");
module_param(text, charp, 0444);
MODULE_PARM_DESC(text, "what reply=text answers, up to " __stringify(KUDP_TEXT_MAX) " bytes");
module_param(amplify, charp, 0444);
MODULE_PARM_DESC(amplify, "1: may send more bytes than it received; default 0");
module_param(address, charp, 0444);
MODULE_PARM_DESC(address, "own unicast address, 0.0.0.0 or ::; default 127.0.0.1");
module_param(port, charp, 0444);
MODULE_PARM_DESC(port, "UDP port, 1 to 65535; with no parameter at all nothing is served");
module_param(gro, charp, 0444);
MODULE_PARM_DESC(gro, "1: take and answer super-packets (GRO, GSO) whole; default 0");
module_param(turnaround, charp, 0444);
MODULE_PARM_DESC(turnaround, "way back: route (default), or link: past routing and firewall");
module_param(batch, charp, 0444);
MODULE_PARM_DESC(batch, "datagrams answered in one go, 1 to " __stringify(KUDP_BATCH_MAX)
		 "; default 64");
module_param(rcvbuf, charp, 0444);
MODULE_PARM_DESC(rcvbuf, "bytes that may wait for each worker, as SO_RCVBUF; default 4194304");

static struct kudp_responder *kudp_default;

static const struct {
	const char *attribute;
	char **value;
} kudp_parameters[] = {
	{ "engine", &engine },
	{ "reply", &reply },
	{ "text", &text },
	{ "amplify", &amplify },
	{ "address", &address },
	{ "port", &port },
	{ "gro", &gro },
	{ "turnaround", &turnaround },
	{ "batch", &batch },
	{ "rcvbuf", &rcvbuf },
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

void kudp_parameters_exit(void)
{
	if (!kudp_default)
		return;
	kudp_responder_unregister(kudp_default);
	kudp_responder_put(kudp_default);
}
