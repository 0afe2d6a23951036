/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_H
#define KUDP_H

#include <linux/configfs.h>
#include <linux/cpuhotplug.h>
#include <linux/inet.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/ratelimit.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "compat.h"
#include "counters.h"
#include "endpoint.h"
#include "guard.h"
#include "reply.h"

#define KUDP_BATCH_MAX	256
#define KUDP_BUSY_POLL_MAX	1000
#define KUDP_RCVBUF_MIN	4096
#define KUDP_RCVBUF_MAX	0x40000000
#define KUDP_TEXT_MAX	1024
#define KUDP_RATE_MAX	100000000
#define KUDP_REPLY_TO_MAX	80	/* "[ADDRESS%DEVICE]:PORT" */

struct kudp_worker;

/* How datagrams are received and answered. May sleep; @interrupt without kudp_lock. */
struct kudp_engine {
	const char *name;
	int (*init)(struct kudp_worker *w);	  /* its socket is made, not yet bound */
	void (*unhook)(struct kudp_worker *w);	  /* optional: its socket calls it no more */
	void (*interrupt)(struct kudp_worker *w); /* optional: its thread sees that task is NULL */
	void (*exit)(struct kudp_worker *w);	  /* optional: undoes init, also a half-done one */
	int (*run)(void *worker);		  /* optional: its thread */
};

extern const struct kudp_engine kudp_engine_classic;
extern const struct kudp_engine kudp_engine_kthread;
extern const struct kudp_engine kudp_engine_softirq;

struct kudp_stats {
	struct u64_stats_sync sync;
	u64_stats_t n[KUDP_N_COUNTERS];
};

/* One per CPU of a responder. */
struct kudp_worker {
	struct kudp_responder *responder;
	struct socket *sock;
	unsigned int cpu;
	struct page *text;		/* own copy: its reference count is this CPU's alone */
	struct kudp_route *routes;	/* to the peers answered last */
	struct kudp_session *sessions;	/* stamp, stateful */
	struct kudp_credit credit;
	struct task_struct *task;	/* NULL: none, or it must end; written under queue.lock */
	void (*saved_data_ready)(struct sock *sk);
	int (*receive)(struct sock *sk, struct sk_buff *skb); /* the engine's encap_rcv */

	/* kthread: received, not yet answered */
	struct sk_buff_head queue;
	unsigned int queued;		/* its bytes, as truesize counts; this and on: queue.lock */
	bool idle;			/* the thread expects a wake-up */
	u64 woken;			/* when it last got one, local_clock() */
	/* its own alone, see kudp_kthread_adapt() */
	bool patient;
	unsigned int patience;
	unsigned int patience_next;

	void *buffer;			/* classic: one datagram */
	struct socket *reply_sock;	/* classic: connected to reply_to */

	struct ratelimit_state log;	/* log=1, see log.c */
	unsigned long unlogged;

	u64 drops;			/* datagrams that the socket dropped; under kudp_lock, */
	unsigned int drops_seen;	/* as is how far its own counter was */

	/* Each has one writer at a time: receive in softirq, and the thread. */
	struct kudp_stats received;
	struct kudp_stats answered;
};

/* One configured service. Written under kudp_lock; the configuration only while disabled. */
struct kudp_responder {
	struct config_group group;

	const struct kudp_engine *engine;
	struct sockaddr_storage address;
	struct kudp_policy policy;
	struct kudp_guard guard;	/* made of the rules by kudp_guard_init() */
	struct kudp_rules rules;
	struct kudp_allow *allow;	/* NULL: everyone */
	char text[KUDP_TEXT_MAX];
	unsigned int batch;
	unsigned int rcvbuf;
	unsigned int busy_poll;		/* microseconds, 0: off */
	bool gro;			/* receive super-packets whole */
	bool link;			/* turnaround=link, see link.c */
	struct sockaddr_storage reply_to; /* AF_UNSPEC: the sender, see reply_to.c */
	char reply_to_text[KUDP_REPLY_TO_MAX];
	bool log;			/* a line for each datagram, see log.c */
	bool stateful;			/* stamp: count each session's packets */
	unsigned int clock_error;	/* stamp: ns off UTC at most, 0: unknown; set at any time */

	bool enabled;
	struct net *net;		/* while enabled; left before it goes, see kudp_net_exit */
	struct list_head list;		/* in kudp_enabled */
	struct hlist_node hotplug;
	struct kudp_worker __percpu *workers;
};

extern struct mutex kudp_lock;
extern struct list_head kudp_enabled;

static inline const char *kudp_name(const struct kudp_responder *r)
{
	return config_item_name((struct config_item *)&r->group.cg_item);
}

static inline bool kudp_is_wildcard(const struct kudp_responder *r)
{
	return kudp_is_any(&r->address);
}

/* settings.c: under kudp_lock */
extern const char * const kudp_replies[KUDP_N_REPLIES];
int kudp_refuse(const struct kudp_responder *r, const char *attribute, const char *value,
		const char *want);
void kudp_settings_default(struct kudp_responder *r);
int kudp_set(struct kudp_responder *r, const char *attribute, const char *value);

static inline struct kudp_address kudp_address_of(const struct in6_addr *address)
{
	const __be32 *word = address->s6_addr32;

	return (struct kudp_address){
		.high = (u64)ntohl(word[0]) << 32 | ntohl(word[1]),
		.low = (u64)ntohl(word[2]) << 32 | ntohl(word[3]),
	};
}

/* allow.c: under kudp_lock */
struct kudp_allow {
	unsigned int n;
	struct kudp_prefix prefixes[KUDP_ALLOW_MAX];	/* sorted */
};

int kudp_set_allow(struct kudp_responder *r, const char *value);
size_t kudp_allow_whole(const char *page, size_t count);
ssize_t kudp_allow_print(const struct kudp_responder *r, char *page);

/* guard.c */
int kudp_guard_init(struct kudp_responder *r);
void kudp_guard_exit(struct kudp_responder *r);
int kudp_credit_init(struct kudp_worker *w);
void kudp_credit_exit(struct kudp_worker *w);
void kudp_guard_log(const struct kudp_responder *r);
enum kudp_counter kudp_guard_sender(struct kudp_worker *w, const struct sockaddr_storage *peer,
				    unsigned int hops);
enum kudp_counter kudp_guard_optional(struct kudp_worker *w, const struct sk_buff *skb);

/* config.c */
struct kudp_responder *kudp_responder_create(const char *name);
void kudp_responder_put(struct kudp_responder *r);
int kudp_responder_register(struct kudp_responder *r);
void kudp_responder_unregister(struct kudp_responder *r);
int kudp_config_init(void);
void kudp_config_exit(void);

/* parameters.c */
int kudp_parameters_init(void);
void kudp_parameters_exit(void);

/* responder.c: under kudp_lock */
int kudp_responder_enable(struct kudp_responder *r);
void kudp_responder_disable(struct kudp_responder *r);

/* worker.c */
int kudp_worker_init(struct kudp_worker *w, struct kudp_responder *r, unsigned int cpu);
void kudp_worker_exit(struct kudp_worker *w);
int kudp_workers_start(struct kudp_responder *r);
void kudp_workers_stop(struct kudp_responder *r);
int kudp_hotplug_init(void);
void kudp_hotplug_exit(void);

/* statistics.c */
static inline void kudp_count(struct kudp_stats *stats, enum kudp_counter counter,
			      unsigned int datagrams)
{
	u64_stats_update_begin(&stats->sync);
	u64_stats_add(&stats->n[counter], datagrams);
	u64_stats_update_end(&stats->sync);
}

void kudp_stats_reset(struct kudp_worker *w);
void kudp_stats_keep_drops(struct kudp_worker *w);
ssize_t kudp_stats_print(struct kudp_responder *r, char *page);
int kudp_stats_net_init(struct net *net);
void kudp_stats_net_exit(struct net *net);

#endif
