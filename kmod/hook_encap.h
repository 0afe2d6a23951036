/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_HOOK_ENCAP_H
#define KUDP_HOOK_ENCAP_H

struct kudp_worker;
struct sk_buff;
struct sock;

void kudp_encap_attach(struct kudp_worker *w, int (*receive)(struct sock *, struct sk_buff *));
void kudp_encap_detach(struct kudp_worker *w);

#endif
