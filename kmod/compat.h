/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels that kudp is for: 6.1 and newer. */
#ifndef KUDP_COMPAT_H
#define KUDP_COMPAT_H

#include <linux/net.h>
#include <linux/sockptr.h>
#include <linux/udp.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "kudp needs Linux 6.1 or newer"
#endif

#ifdef KUDP_HAVE_NET_GSO_H
#include <net/gso.h>
#endif

/* UDP_GRO as setsockopt() sets it: super-packets may be delivered whole. */
static inline void kudp_enable_gro(struct socket *sock)
{
	int on = 1;

	sock->ops->setsockopt(sock, SOL_UDP, UDP_GRO, KERNEL_SOCKPTR(&on), sizeof(on));
}

#endif
