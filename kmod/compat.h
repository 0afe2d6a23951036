/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels that kudp is for: 6.1 and newer. */
#ifndef KUDP_COMPAT_H
#define KUDP_COMPAT_H

#include <linux/net.h>
#include <linux/sockptr.h>
#include <linux/udp.h>
#include <linux/version.h>
#include <net/sock.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "kudp needs Linux 6.1 or newer"
#endif

/* What counts is written with preemption enabled in places, which only a 64-bit counter bears. */
#ifndef CONFIG_64BIT
#error "kudp needs a 64-bit kernel"
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

/* The kernel stamps what it receives, for as long as the socket lives. Returns 0 or an errno. */
static inline int kudp_enable_timestamps(struct socket *sock)
{
	int on = 1;

	return sock_setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPNS_NEW, KERNEL_SOCKPTR(&on),
			       sizeof(on));
}

/* Datagrams that UDP dropped before the module saw them. */
static inline unsigned int kudp_socket_drops(const struct sock *sk)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
	return atomic_read(&sk->sk_drops);
#else
	return sk_drops_read(sk); /* UDP's are counted apart, by NUMA node */
#endif
}

/* What a request's TTL or hop limit was comes with it. */
static inline void kudp_enable_ttl(struct socket *sock)
{
	int on = 1;

	sock->ops->setsockopt(sock, SOL_IP, IP_RECVTTL, KERNEL_SOCKPTR(&on), sizeof(on));
	if (sock->sk->sk_family == AF_INET6)
		sock->ops->setsockopt(sock, SOL_IPV6, IPV6_RECVHOPLIMIT, KERNEL_SOCKPTR(&on),
				      sizeof(on));
}

#endif
