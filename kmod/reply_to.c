// SPDX-License-Identifier: GPL-2.0-only
/*
 * reply_to: what is answered goes to one fixed place and not to the sender, over a socket that each
 * worker connects when the responder is enabled. Engine classic alone has it: the others answer in
 * the datagram that came, to where it came from, and there would be nothing left of that.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <net/ip.h>
#include <net/ipv6.h>

#include "endpoint.h"
#include "reply_to.h"

/* How long a reply may wait for room before it is given up: the thread may have to end. */
#define KUDP_REPLY_TO_TIMEOUT	(HZ / 10)

/**
 * kudp_reply_to_connect() - make a socket that is connected to the place
 * @r: the responder, whose namespace is set
 * @sock: gets the socket, with its buffer for what comes back as small as can be: nobody reads it.
 *	NULL where there is no reply_to, or on errors
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int kudp_reply_to_connect(const struct kudp_responder *r, struct socket **sock)
{
	int err;

	*sock = NULL;
	if (!kudp_has_reply_to(r))
		return 0;
	err = sock_create_kern(r->net, r->reply_to.ss_family, SOCK_DGRAM, IPPROTO_UDP, sock);
	if (err)
		return err;
	sock_set_rcvbuf((*sock)->sk, 0);
	(*sock)->sk->sk_sndtimeo = KUDP_REPLY_TO_TIMEOUT;
	err = kernel_connect(*sock, (void *)&r->reply_to, /* its type differs by kernel */
			     kudp_address_length(&r->reply_to), 0);
	if (!err)
		return 0;
	sock_release(*sock);
	*sock = NULL;
	return err;
}

static bool kudp_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a;
	const struct sockaddr_in *b4 = (const struct sockaddr_in *)b;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return ipv6_addr_equal(&a6->sin6_addr, &b6->sin6_addr);
	return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
}

static bool kudp_is_local(struct net *net, const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET6)
		return ipv6_chk_addr(net, &in6->sin6_addr, NULL, 0);
	return inet_addr_type(net, in4->sin_addr.s_addr) == RTN_LOCAL;
}

/* Whether @server would get what @r sends. Both are, or are about to be, in the namespace @net. */
static bool kudp_reaches(struct net *net, const struct kudp_responder *r,
			 const struct kudp_responder *server)
{
	if (!kudp_has_reply_to(r) ||
	    ((struct sockaddr_in *)&r->reply_to)->sin_port != htons(server->policy.port))
		return false;
	if (kudp_same_address(&r->reply_to, &server->address))
		return true;
	/* "::" takes IPv4, too. */
	return kudp_is_wildcard(server) &&
	       (server->address.ss_family == AF_INET6 || r->reply_to.ss_family == AF_INET) &&
	       kudp_is_local(net, &r->reply_to);
}

/**
 * kudp_reply_to_loop() - whether a reply_to would make a loop
 * @r: the responder, whose namespace is set
 *
 * Two responders of this host that answer to each other, or one that answers to itself, would do so
 * for ever.
 *
 * Context: under kudp_lock.
 * Return: the responder that is in the way of @r, or NULL.
 */
const struct kudp_responder *kudp_reply_to_loop(const struct kudp_responder *r)
{
	const struct kudp_responder *other;

	if (kudp_reaches(r->net, r, r))
		return r;
	list_for_each_entry(other, &kudp_enabled, list)
		if (net_eq(other->net, r->net) &&
		    (kudp_reaches(r->net, r, other) || kudp_reaches(r->net, other, r)))
			return other;
	return NULL;
}
