/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_SOCKET_QUEUE_H
#define KUDP_SOCKET_QUEUE_H

struct kudp_worker;
struct sk_buff;
struct sock;

struct sk_buff *kudp_socket_next(struct sock *sk, struct kudp_worker *w);

#endif
