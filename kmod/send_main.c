// SPDX-License-Identifier: GPL-2.0-only
/*
 * kudp_send.ko: a UDP client in the kernel. Loaded with to= and text= or size= it sends one
 * datagram and says how that went, also as insmod's status. With count=, rate= or cpus= it is a
 * source: the threads begin when the module is loaded, in the network namespace of who loads it,
 * and end when all is sent, the module is unloaded or the namespace goes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nsproxy.h>

#include "endpoint.h"
#include "send.h"

#define KUDP_SEND_MAX_IPV4	65507
#define KUDP_SEND_MAX_IPV6	65527
#define KUDP_SEND_RATE_MAX	1000000000
#define KUDP_SEND_BATCH_MAX	1024
#define KUDP_SEND_LOGGED_MAX	64	/* bytes of a refused value */

static char *to, *text, *cpus;
static bool nul, connected = true;
static unsigned long count = 1;
static unsigned int rate, size, batch = 64;

module_param(to, charp, 0444);
MODULE_PARM_DESC(to, "where to: " KUDP_ENDPOINT_WANT);
module_param(text, charp, 0444);
MODULE_PARM_DESC(text, "what is sent");
module_param(nul, bool, 0444);
MODULE_PARM_DESC(nul, "1: with a NUL byte at the text's end; default 0");
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "in place of a text: so many zero bytes");
module_param(connected, bool, 0444);
MODULE_PARM_DESC(connected, "1 (default): the socket is connected; 0: each datagram is addressed");
module_param(count, ulong, 0444);
MODULE_PARM_DESC(count, "datagrams of all threads together; 0: until unloaded; default 1");
module_param(rate, uint, 0444);
MODULE_PARM_DESC(rate, "datagrams per second of all threads together; 0 (default): no limit");
module_param(cpus, charp, 0444);
MODULE_PARM_DESC(cpus, "a thread on each of these CPUs, such as 0,2-3; default the one of insmod");
module_param(batch, uint, 0444);
MODULE_PARM_DESC(batch, "datagrams between two looks at the clock and at what else wants to run, 1 to "
		 __stringify(KUDP_SEND_BATCH_MAX) "; default 64");

static int kudp_send_result_get(char *page, const struct kernel_param *unused)
{
	struct kudp_send_result result;

	kudp_source_result(&result);
	return sysfs_emit(page, "%s sent=%lu failed=%lu ns=%llu\n",
			  result.running ? "running" : "done", result.sent, result.failed,
			  result.ns);
}

static const struct kernel_param_ops kudp_send_result_ops = { .get = kudp_send_result_get };

module_param_cb(result, &kudp_send_result_ops, NULL, 0444);
MODULE_PARM_DESC(result, "to be read: how far the threads are");

static struct kudp_send_plan plan;
static void *payload;

static int kudp_send_refuse(const char *parameter, const char *value, const char *want)
{
	pr_err("%s=%*pE: want %s\n", parameter,
	       value ? (int)strnlen(value, KUDP_SEND_LOGGED_MAX) : 0, value ?: "", want);
	return -EINVAL;
}

static int kudp_send_refuse_number(const char *parameter, unsigned long value, const char *want)
{
	pr_err("%s=%lu: want %s\n", parameter, value, want);
	return -EINVAL;
}

static int kudp_send_check(struct kudp_send_plan *p)
{
	unsigned int max;

	if (!to || kudp_parse_endpoint(p->net, to, &p->to))
		return kudp_send_refuse("to", to, KUDP_ENDPOINT_WANT);
	if (!text == !size)
		return kudp_send_refuse("text", text, "either text or size");
	if (nul && !text)
		return kudp_send_refuse("nul", "1", "a text to be ended by it");
	p->size = text ? strlen(text) + nul : size;
	max = p->to.ss_family == AF_INET6 ? KUDP_SEND_MAX_IPV6 : KUDP_SEND_MAX_IPV4;
	if (p->size > max)
		return kudp_send_refuse_number("size", p->size, max == KUDP_SEND_MAX_IPV4 ?
					       "up to " __stringify(KUDP_SEND_MAX_IPV4) " bytes" :
					       "up to " __stringify(KUDP_SEND_MAX_IPV6) " bytes");
	if (rate > KUDP_SEND_RATE_MAX)
		return kudp_send_refuse_number("rate", rate,
					       "up to " __stringify(KUDP_SEND_RATE_MAX));
	if (!batch || batch > KUDP_SEND_BATCH_MAX)
		return kudp_send_refuse_number("batch", batch,
					       "1 to " __stringify(KUDP_SEND_BATCH_MAX));
	p->count = count;
	p->rate = rate;
	p->batch = batch;
	p->connected = connected;
	return 0;
}

static int kudp_send_payload(struct kudp_send_plan *p)
{
	payload = kvzalloc(max(p->size, 1U), GFP_KERNEL);
	if (!payload)
		return -ENOMEM;
	if (text)
		memcpy(payload, text, strlen(text));
	p->payload = payload;
	return 0;
}

/* A thread has no share in less than one datagram, or one per second. */
static int kudp_send_check_cpus(const struct cpumask *mask)
{
	unsigned int n = cpumask_weight(mask);

	if (!n || !cpumask_subset(mask, cpu_online_mask))
		return kudp_send_refuse("cpus", cpus, "CPUs that are online, such as 0,2-3");
	if (count && count < n)
		return kudp_send_refuse_number("count", count, "at least 1 for each CPU, or 0");
	if (rate && rate < n)
		return kudp_send_refuse_number("rate", rate, "at least 1 for each CPU, or 0");
	return 0;
}

static int kudp_send_many(const struct kudp_send_plan *p)
{
	cpumask_var_t mask;
	int err;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	cpus_read_lock();
	if (!cpus)
		cpumask_set_cpu(raw_smp_processor_id(), mask);
	else if (cpulist_parse(cpus, mask))
		cpumask_clear(mask);
	err = kudp_send_check_cpus(mask) ?: kudp_source_start(p, mask);
	cpus_read_unlock();
	free_cpumask_var(mask);
	return err;
}

/* The sockets hold no reference to their namespace, which would keep it alive: they go with it. */
static void __net_exit kudp_send_net_exit(struct net *net)
{
	if (net_eq(net, plan.net))
		kudp_source_stop();
}

static struct pernet_operations kudp_send_net_ops = {
	.exit = kudp_send_net_exit,
};

static int __init kudp_send_init(void)
{
	int err;

	plan.net = current->nsproxy->net_ns;
	err = kudp_send_check(&plan) ?: kudp_send_payload(&plan);
	if (err)
		return err;
	if (count == 1 && !rate && !cpus) {
		err = kudp_send_once(&plan);
		kvfree(payload);
		payload = NULL;
		return err;
	}
	err = register_pernet_subsys(&kudp_send_net_ops);
	if (err)
		goto err_payload;
	err = kudp_send_many(&plan);
	if (err)
		goto err_net;
	return 0;

err_net:
	unregister_pernet_subsys(&kudp_send_net_ops);
err_payload:
	kvfree(payload);
	return err;
}

static void __exit kudp_send_exit(void)
{
	if (!payload) /* that one datagram is gone */
		return;
	/* Stops the threads, unless their namespace has gone already. */
	unregister_pernet_subsys(&kudp_send_net_ops);
	kvfree(payload);
}

module_init(kudp_send_init);
module_exit(kudp_send_exit);

MODULE_DESCRIPTION("UDP client and traffic source with per-CPU threads");
MODULE_AUTHOR("The kudp authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
