/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_WORKERS_H
#define KUDP_WORKERS_H

struct kudp_responder;
struct kudp_worker;

int kudp_worker_init(struct kudp_worker *w, struct kudp_responder *r, unsigned int cpu);
void kudp_worker_exit(struct kudp_worker *w);
int kudp_workers_start(struct kudp_responder *r);
void kudp_workers_stop(struct kudp_responder *r);
int kudp_hotplug_init(void);
void kudp_hotplug_exit(void);

#endif
