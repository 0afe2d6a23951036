// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two views of the same counters: configfs' "stats" has a responder's totals, /proc/net/kudp a row
 * for each worker of the responders in the reader's network namespace.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "compat.h"
#include "responder.h"
#include "statistics.h"
#include "worker.h"

#define KUDP_STATS_VERSION "kudp-stats 1"

static const char * const kudp_counter_names[KUDP_N_COUNTERS] = {
	[KUDP_RECEIVED] = "received",
	[KUDP_ANSWERED] = "answered",
	[KUDP_DISCARDED] = "discarded",
	[KUDP_SOCKET_DROPS] = "socket_drops",
	[KUDP_QUEUE_FULL] = "queue_full",
	[KUDP_MALFORMED] = "malformed",
	[KUDP_NOT_UNICAST] = "not_unicast",
	[KUDP_SOURCE_PORT] = "source_port",
	[KUDP_LOW_PORT] = "low_port",
	[KUDP_RESPONDER_PORT] = "responder_port",
	[KUDP_HOP_LIMIT] = "hop_limit",
	[KUDP_NOT_ALLOWED] = "not_allowed",
	[KUDP_RATE] = "rate",
	[KUDP_RATE_PREFIX] = "rate_prefix",
	[KUDP_AMPLIFICATION] = "amplification",
	[KUDP_NO_ROUTE] = "no_route",
	[KUDP_NO_MEMORY] = "no_memory",
	[KUDP_SEND_FAILED] = "send_failed",
	[KUDP_STAMP_SHORT] = "stamp_short",
	[KUDP_STAMP_CORRUPT] = "stamp_corrupt",
	[KUDP_STAMP_AUTHENTICATED] = "stamp_authenticated",
	[KUDP_STAMP_SESSIONS] = "stamp_sessions",
	[KUDP_STAMP_REPLY] = "stamp_reply",
	[KUDP_STOPPED] = "stopped",
};

static void kudp_stats_add(u64 *sum, const struct kudp_stats *stats)
{
	u64 n[KUDP_N_COUNTERS];
	unsigned int start;
	int i;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		for (i = 0; i < KUDP_N_COUNTERS; i++)
			n[i] = u64_stats_read(&stats->n[i]);
	} while (u64_stats_fetch_retry(&stats->sync, start));

	for (i = 0; i < KUDP_N_COUNTERS; i++)
		sum[i] += n[i];
}

/**
 * kudp_stats_keep_drops() - take over what a worker's socket has dropped
 * @w: the worker
 *
 * The socket's own counter has 32 bits, and goes with it.
 *
 * Context: under kudp_lock.
 */
void kudp_stats_keep_drops(struct kudp_worker *w)
{
	unsigned int drops = kudp_socket_drops(w->sock->sk);

	w->drops += drops - w->drops_seen;
	w->drops_seen = drops;
}

static void kudp_worker_add(u64 *sum, struct kudp_worker *w)
{
	kudp_stats_add(sum, &w->received);
	kudp_stats_add(sum, &w->answered);
	if (w->sock)
		kudp_stats_keep_drops(w);
	sum[KUDP_RECEIVED] += w->drops;
	sum[KUDP_SOCKET_DROPS] += w->drops;
}

/**
 * kudp_stats_reset() - count from 0
 * @w: the worker, which is not yet counted on
 *
 * Context: under kudp_lock.
 */
void kudp_stats_reset(struct kudp_worker *w)
{
	memset(&w->received, 0, sizeof(w->received));
	memset(&w->answered, 0, sizeof(w->answered));
	w->drops = 0;
	w->drops_seen = 0;
	u64_stats_init(&w->received.sync);
	u64_stats_init(&w->answered.sync);
}

/**
 * kudp_stats_print() - a responder's totals over all workers
 * @r: the responder
 * @page: gets a version line, then "NAME VALUE" a line
 *
 * Context: under kudp_lock.
 * Return: bytes.
 */
ssize_t kudp_stats_print(struct kudp_responder *r, char *page)
{
	u64 sum[KUDP_N_COUNTERS] = {};
	ssize_t len;
	int i;

	for_each_possible_cpu(i)
		kudp_worker_add(sum, per_cpu_ptr(r->workers, i));
	len = sysfs_emit(page, KUDP_STATS_VERSION "\n");
	for (i = 0; i < KUDP_N_COUNTERS; i++)
		len += sysfs_emit_at(page, len, "%s %llu\n", kudp_counter_names[i], sum[i]);
	return len;
}

static int kudp_stats_net_show(struct seq_file *seq, void *unused)
{
	struct net *net = seq_file_single_net(seq);
	struct kudp_responder *r;
	unsigned int cpu;
	int i;

	seq_puts(seq, KUDP_STATS_VERSION "\nresponder cpu");
	for (i = 0; i < KUDP_N_COUNTERS; i++)
		seq_printf(seq, " %s", kudp_counter_names[i]);
	seq_putc(seq, '\n');

	mutex_lock(&kudp_lock);
	list_for_each_entry(r, &kudp_enabled, list) {
		if (!net_eq(r->net, net))
			continue;
		for_each_possible_cpu(cpu) {
			u64 sum[KUDP_N_COUNTERS] = {};

			kudp_worker_add(sum, per_cpu_ptr(r->workers, cpu));
			seq_printf(seq, "%s %u", kudp_name(r), cpu);
			for (i = 0; i < KUDP_N_COUNTERS; i++)
				seq_printf(seq, " %llu", sum[i]);
			seq_putc(seq, '\n');
		}
	}
	mutex_unlock(&kudp_lock);
	return 0;
}

/**
 * kudp_stats_net_init() - make a namespace's /proc/net/kudp
 * @net: the namespace
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int kudp_stats_net_init(struct net *net)
{
	if (!proc_create_net_single("kudp", 0444, net->proc_net, kudp_stats_net_show, NULL))
		return -ENOMEM;
	return 0;
}

/**
 * kudp_stats_net_exit() - remove it
 * @net: the namespace
 *
 * Context: may sleep, not under kudp_lock, which a reader takes.
 */
void kudp_stats_net_exit(struct net *net)
{
	remove_proc_entry("kudp", net->proc_net);
}
