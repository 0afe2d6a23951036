/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_CONFIG_H
#define KUDP_CONFIG_H

struct kudp_responder;

struct kudp_responder *kudp_responder_create(const char *name);
void kudp_responder_put(struct kudp_responder *r);
int kudp_responder_register(struct kudp_responder *r);
void kudp_responder_unregister(struct kudp_responder *r);
int kudp_config_init(void);
void kudp_config_exit(void);

#endif
