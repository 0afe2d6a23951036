/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_SEND_H
#define KUDP_SEND_H

#include <linux/cpumask.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <net/net_namespace.h>

/* What is sent where, how often; as the parameters say, checked. */
struct kudp_send_plan {
	struct net *net;
	struct sockaddr_storage to;
	const void *payload;
	unsigned int size;	/* of the payload, bytes */
	unsigned long count;	/* datagrams of all threads together; 0: until stopped */
	unsigned int rate;	/* datagrams per second of all threads together; 0: no limit */
	unsigned int batch;	/* datagrams between two looks at the clock and at what else runs */
	bool connected;
};

/* What came of it so far. */
struct kudp_send_result {
	bool running;
	unsigned long sent;
	unsigned long failed;
	u64 ns;			/* from the start of the threads to the end of the last one */
};

/* send_source.c: start and stop exclude each other */
int kudp_send_once(const struct kudp_send_plan *plan);
int kudp_source_start(const struct kudp_send_plan *plan, const struct cpumask *cpus);
void kudp_source_stop(void);
void kudp_source_result(struct kudp_send_result *result);

#endif
