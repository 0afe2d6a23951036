// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of the textbook, kept as the control that the other engines are measured against: one
 * datagram for each kernel_recvmsg(), copied out, and one kernel_sendmsg(), copied in again.
 */
#include <linux/kthread.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "compat.h"
#include "engine.h"
#include "hook.h"
#include "inspect.h"
#include "reply.h"
#include "reply_to.h"
#include "trace.h"

#define KUDP_DATAGRAM_MAX 65527	/* bytes of payload, over IPv6 */

/*
 * A request, as received: its sender and, on a wildcard address, which of our own it asked; for
 * "stamp" also when it came; for that and the guard its TTL or hop limit.
 */
struct kudp_message {
	struct sockaddr_storage peer;
	struct msghdr msg;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct __kernel_timespec)) +
			   CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
	} control;
	ktime_t received;
	u8 ttl;
};

/* A worker's. */
struct kudp_classic {
	struct socket *reply_sock;	/* connected to reply_to; NULL: none */
	unsigned char buffer[KUDP_DATAGRAM_MAX];
};

static int kudp_classic_init(struct kudp_worker *w)
{
	const struct kudp_responder *r = w->responder;
	struct kudp_classic *c;

	c = kvmalloc_node(sizeof(*c), GFP_KERNEL, cpu_to_node(w->cpu));
	if (!c)
		return -ENOMEM;
	c->reply_sock = NULL;
	w->engine = c;
	if (r->reply->hops || r->guard.hop_limit)
		kudp_enable_ttl(w->sock);
	if (kudp_is_wildcard(r) && w->sock->sk->sk_family == AF_INET6)
		ip6_sock_set_recvpktinfo(w->sock->sk);
	else if (kudp_is_wildcard(r))
		ip_sock_set_pktinfo(w->sock->sk);
	return kudp_reply_to_connect(r, &c->reply_sock);
}

static void kudp_classic_exit(struct kudp_worker *w)
{
	struct kudp_classic *c = w->engine;

	if (c && c->reply_sock)
		sock_release(c->reply_sock);
	kvfree(c);
}

/* A blocking receive or send ends at a socket error. */
static void kudp_classic_interrupt(struct kudp_worker *w)
{
	/* After task: the thread, which takes this with xchg() in sock_error(), also sees why. */
	smp_store_release(&w->sock->sk->sk_err, EINTR);
}

/*
 * What is to be known is taken out; what remains is which address was asked, the only one that can
 * be sent back as it is.
 */
static void kudp_classic_control(struct kudp_message *m)
{
	struct __kernel_timespec time;
	struct cmsghdr *c, *info = NULL;

	m->received = 0;
	m->ttl = 0;
	for_each_cmsghdr(c, &m->msg) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS_NEW) {
			memcpy(&time, CMSG_DATA(c), sizeof(time));
			m->received = ktime_set(time.tv_sec, time.tv_nsec);
		} else if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_TTL) ||
			   (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			m->ttl = *(int *)CMSG_DATA(c);
		} else {
			info = c;
		}
	}
	m->msg.msg_controllen = info ? CMSG_ALIGN(info->cmsg_len) : 0;
	if (info)
		memmove(&m->control, info, info->cmsg_len);
}

static int kudp_classic_receive(struct kudp_worker *w, struct kudp_message *m)
{
	struct kudp_classic *c = w->engine;
	struct kvec iov = { .iov_base = c->buffer, .iov_len = sizeof(c->buffer) };
	int len;

	m->msg = (struct msghdr){
		.msg_name = &m->peer,
		.msg_namelen = sizeof(m->peer),
		.msg_control = &m->control,
		.msg_controllen = sizeof(m->control),
	};
	len = kernel_recvmsg(w->sock, &m->msg, &iov, 1, iov.iov_len, 0);
	m->msg.msg_control = &m->control;
	m->msg.msg_controllen = sizeof(m->control) - m->msg.msg_controllen;
	kudp_classic_control(m);
	return len;
}

/*
 * Turns the address that was asked into the one to answer from, without the interface: the way back
 * is the routing table's to choose. False if what was asked is not a unicast address.
 */
static bool kudp_classic_local(const struct kudp_worker *w, struct kudp_message *m)
{
	struct cmsghdr *header = &m->control.header;
	struct in_pktinfo *in4;
	struct in6_pktinfo *in6;
	unsigned int type;

	if (!m->msg.msg_controllen)
		return true;
	if (header->cmsg_level == SOL_IP) {
		in4 = (struct in_pktinfo *)CMSG_DATA(header);
		in4->ipi_ifindex = 0;
		return in4->ipi_addr.s_addr == in4->ipi_spec_dst.s_addr;
	}
	in6 = (struct in6_pktinfo *)CMSG_DATA(header);
	if (!(ipv6_addr_type(&in6->ipi6_addr) & IPV6_ADDR_LINKLOCAL))
		in6->ipi6_ifindex = 0;
	if (!ipv6_addr_v4mapped(&in6->ipi6_addr))
		return !ipv6_addr_is_multicast(&in6->ipi6_addr);
	type = inet_addr_type(sock_net(w->sock->sk), in6->ipi6_addr.s6_addr32[3]);
	return type != RTN_BROADCAST && type != RTN_MULTICAST;
}

/* What a reply that is made may want to know of the request. */
static struct kudp_request kudp_classic_request(const struct kudp_message *m, unsigned int len)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&m->peer;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&m->peer;
	const struct cmsghdr *header = &m->control.header;
	struct kudp_request request = {
		.port = in4->sin_port, /* in both families in the same place */
		.hops = m->ttl,
		.received = m->received,
		.len = len,
	};

	if (m->peer.ss_family == AF_INET6)
		request.peer = in6->sin6_addr;
	else
		ipv6_addr_set_v4mapped(in4->sin_addr.s_addr, &request.peer);
	if (!m->msg.msg_controllen)
		return request;
	if (header->cmsg_level == SOL_IP)
		ipv6_addr_set_v4mapped(((struct in_pktinfo *)CMSG_DATA(header))->ipi_addr.s_addr,
				       &request.local);
	else
		request.local = ((struct in6_pktinfo *)CMSG_DATA(header))->ipi6_addr;
	return request;
}

static noinline_for_stack enum kudp_counter kudp_classic_make(struct kudp_worker *w,
							      const struct kudp_message *m,
							      unsigned int len, struct kvec *reply)
{
	struct kudp_request request = kudp_classic_request(m, len);

	return kudp_reply_copy(w, &request, reply);
}

/* The answer's TTL or hop limit, behind the address that was asked. */
static void kudp_classic_put_hops(struct kudp_worker *w, struct kudp_message *m)
{
	const struct in6_addr *peer = &((struct sockaddr_in6 *)&m->peer)->sin6_addr;
	struct cmsghdr *header = (void *)m->control.bytes + m->msg.msg_controllen;
	const struct kudp_classic *c = w->engine;
	struct net *net = sock_net(w->sock->sk);
	unsigned int most = READ_ONCE(net->ipv4.sysctl_ip_default_ttl);
	bool ipv6 = m->peer.ss_family == AF_INET6 && !ipv6_addr_v4mapped(peer);

	if (c->reply_sock)
		ipv6 = c->reply_sock->sk->sk_family == AF_INET6;
#if IS_ENABLED(CONFIG_IPV6)
	if (ipv6)
		most = READ_ONCE(net->ipv6.devconf_all->hop_limit);
#endif
	header->cmsg_level = ipv6 ? SOL_IPV6 : SOL_IP;
	header->cmsg_type = ipv6 ? IPV6_HOPLIMIT : IP_TTL;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	*(int *)CMSG_DATA(header) = kudp_guard_hops(&w->responder->guard, m->ttl, most);
	m->msg.msg_controllen += CMSG_SPACE(sizeof(int));
}

static enum kudp_counter kudp_classic_send(struct kudp_worker *w, struct kudp_message *m,
					   struct kvec *reply)
{
	const struct kudp_classic *c = w->engine;

	/* To reply_to from where it is connected, whoever asked and whatever was asked. */
	if (c->reply_sock) {
		m->msg.msg_name = NULL;
		m->msg.msg_namelen = 0;
		m->msg.msg_controllen = 0;
	}
	if (w->responder->guard.hop_limit)
		kudp_classic_put_hops(w, m);
	trace_kudp_reply(w, NULL, reply->iov_len);
	m->msg.msg_flags = 0;
	switch (kernel_sendmsg(c->reply_sock ?: w->sock, &m->msg, reply, 1, reply->iov_len)) {
	case -ENETUNREACH:
	case -EHOSTUNREACH:
		return KUDP_NO_ROUTE;
	case -EACCES: /* a broadcast address */
		return KUDP_NOT_UNICAST;
	case -ENOMEM:
		return KUDP_NO_MEMORY;
	default:
		return KUDP_SEND_FAILED;
	case 0 ... KUDP_DATAGRAM_MAX:
		return KUDP_ANSWERED;
	}
}

static enum kudp_counter kudp_classic_answer(struct kudp_worker *w, struct kudp_message *m, int len)
{
	const struct kudp_policy *policy = &w->responder->policy;
	struct kudp_classic *c = w->engine;
	struct kvec reply = { .iov_base = c->buffer };
	enum kudp_counter verdict;

	/* The hook is gone: what the frame was for was not looked at. */
	if (!READ_ONCE(udp_sk(w->sock->sk)->encap_type))
		return KUDP_STOPPED;
	if (!kudp_classic_local(w, m))
		return KUDP_NOT_UNICAST;
	verdict = kudp_inspect_sender(w, &m->peer, m->ttl);
	if (verdict == KUDP_ACCEPT)
		verdict = kudp_decide(policy, len);
	if (verdict != KUDP_ACCEPT)
		return verdict;
	reply.iov_len = kudp_reply_length(policy, len);
	if (!kudp_keeps_payload(policy)) {
		verdict = kudp_classic_make(w, m, len, &reply);
		if (verdict != KUDP_ACCEPT)
			return verdict;
	}
	return kudp_classic_send(w, m, &reply);
}

static int kudp_classic_run(void *worker)
{
	struct kudp_worker *w = worker;
	enum kudp_counter verdict;
	struct kudp_message m;
	int len;

	while (READ_ONCE(w->task)) {
		len = kudp_classic_receive(w, &m);
		if (len < 0 || !m.msg.msg_namelen)
			continue;
		kudp_count(&w->answered, KUDP_RECEIVED, 1);
		trace_kudp_receive(w, NULL, len);
		verdict = kudp_classic_answer(w, &m, len);
		kudp_count(&w->answered, verdict, 1);
		if (verdict != KUDP_ANSWERED)
			trace_kudp_refuse(w, NULL, 1, verdict);
		cond_resched();
	}
	return 0;
}

const struct kudp_engine kudp_engine_classic = {
	.name = "classic",
	.hook = &kudp_hook_recvmsg,
	.init = kudp_classic_init,
	.exit = kudp_classic_exit,
	.run = kudp_classic_run,
	.interrupt = kudp_classic_interrupt,
};
