// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "config.h"
#include "enable.h"
#include "parameters.h"
#include "responder.h"
#include "statistics.h"
#include "workers.h"

static int __net_init kudp_net_init(struct net *net)
{
	return kudp_stats_net_init(net);
}

/* A responder holds no reference to its namespace, which would keep that alive: it goes with it. */
static void __net_exit kudp_net_exit(struct net *net)
{
	struct kudp_responder *r, *next;

	mutex_lock(&kudp_lock);
	list_for_each_entry_safe(r, next, &kudp_enabled, list)
		if (net_eq(r->net, net))
			kudp_responder_disable(r);
	mutex_unlock(&kudp_lock);
	kudp_stats_net_exit(net);
}

static struct pernet_operations kudp_net_ops = {
	.init = kudp_net_init,
	.exit = kudp_net_exit,
};

static int __init kudp_init(void)
{
	int err;

	err = register_pernet_subsys(&kudp_net_ops);
	if (err)
		return err;
	err = kudp_hotplug_init();
	if (err)
		goto err_net;
	err = kudp_config_init();
	if (err)
		goto err_hotplug;
	err = kudp_parameters_init();
	if (err)
		goto err_config;
	return 0;

err_config:
	kudp_config_exit();
err_hotplug:
	kudp_hotplug_exit();
err_net:
	unregister_pernet_subsys(&kudp_net_ops);
	return err;
}

static void __exit kudp_exit(void)
{
	kudp_parameters_exit();
	kudp_config_exit();
	kudp_hotplug_exit();
	unregister_pernet_subsys(&kudp_net_ops);
}

module_init(kudp_init);
module_exit(kudp_exit);

MODULE_DESCRIPTION("UDP responder with per-CPU workers");
MODULE_AUTHOR("The kudp authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
