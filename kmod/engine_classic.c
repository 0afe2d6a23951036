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
#include "datagram.h"
#include "receive.h"
#include "reply_to.h"
#include "stamp_reflect.h"
#include "trace.h"

#define KUDP_DATAGRAM_MAX 65535

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

/*
 * encap_rcv: softirq, under RCU. What a frame brought that was for others, too, goes no further:
 * the thread, which has but the IP addresses, cannot tell.
 */
static int kudp_classic_arrive(struct sock *sk, struct sk_buff *skb)
{
	struct kudp_worker *w = kudp_this_worker(sk);

	if (likely(skb->pkt_type == PACKET_HOST))
		return 1; /* UDP queues it */
	trace_kudp_receive(w, skb, 0);
	kudp_receive(w, skb); /* refuses it for that */
	return 0;
}

static int kudp_classic_init(struct kudp_worker *w)
{
	int err;

	w->buffer = kvmalloc_node(KUDP_DATAGRAM_MAX, GFP_KERNEL, cpu_to_node(w->cpu));
	if (!w->buffer)
		return -ENOMEM;
	if (w->responder->policy.reply == KUDP_STAMP || w->responder->guard.hop_limit)
		kudp_enable_ttl(w->sock);
	err = kudp_reply_to_init(w);
	if (err)
		return err;
	kudp_hook_datagrams(w, kudp_classic_arrive);
	if (!kudp_is_wildcard(w->responder))
		return 0;
	if (w->sock->sk->sk_family == AF_INET6)
		ip6_sock_set_recvpktinfo(w->sock->sk);
	else
		ip_sock_set_pktinfo(w->sock->sk);
	return 0;
}

static void kudp_classic_exit(struct kudp_worker *w)
{
	kudp_reply_to_exit(w);
	kvfree(w->buffer);
	w->buffer = NULL;
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
	struct kvec iov = { .iov_base = w->buffer, .iov_len = KUDP_DATAGRAM_MAX };
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

static enum kudp_counter kudp_classic_stamp(struct kudp_worker *w, const struct kudp_message *m,
					    int len)
{
	const struct cmsghdr *header = &m->control.header;
	struct in6_addr local = {};
	enum kudp_counter verdict;

	/* Else the address that was asked is always the same. */
	if (m->msg.msg_controllen && header->cmsg_level == SOL_IP)
		ipv6_addr_set_v4mapped(((struct in_pktinfo *)CMSG_DATA(header))->ipi_addr.s_addr,
				       &local);
	else if (m->msg.msg_controllen)
		local = ((struct in6_pktinfo *)CMSG_DATA(header))->ipi6_addr;
	verdict = kudp_stamp_answer(w, &m->peer, &local, w->buffer, len, m->received, m->ttl);
	if (verdict == KUDP_ANSWERED)
		kudp_stamp_leave(w->buffer);
	return verdict;
}

/* The answer's TTL or hop limit, behind the address that was asked. */
static void kudp_classic_put_hops(struct kudp_worker *w, struct kudp_message *m)
{
	const struct in6_addr *peer = &((struct sockaddr_in6 *)&m->peer)->sin6_addr;
	struct cmsghdr *header = (void *)m->control.bytes + m->msg.msg_controllen;
	struct net *net = sock_net(w->sock->sk);
	unsigned int most = READ_ONCE(net->ipv4.sysctl_ip_default_ttl);
	bool ipv6 = m->peer.ss_family == AF_INET6 && !ipv6_addr_v4mapped(peer);

	if (w->reply_sock)
		ipv6 = w->reply_sock->sk->sk_family == AF_INET6;
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

static int kudp_classic_send(struct kudp_worker *w, struct kudp_message *m, struct kvec *iov)
{
	struct socket *sock = w->reply_sock ?: w->sock;

	trace_kudp_reply(w, NULL, iov->iov_len);
	m->msg.msg_flags = 0;
	return kernel_sendmsg(sock, &m->msg, iov, 1, iov->iov_len);
}

static enum kudp_counter kudp_classic_answer(struct kudp_worker *w, struct kudp_message *m, int len)
{
	const struct kudp_responder *r = w->responder;
	struct kvec iov = { .iov_base = w->buffer };
	enum kudp_counter verdict;

	/* Unhooked: what the frame was for was not looked at. */
	if (!READ_ONCE(udp_sk(w->sock->sk)->encap_type))
		return KUDP_STOPPED;
	if (!kudp_classic_local(w, m))
		return KUDP_NOT_UNICAST;
	verdict = kudp_guard_sender(w, &m->peer, m->ttl);
	if (verdict == KUDP_ANSWERED)
		verdict = kudp_decide(&r->policy, len);
	if (verdict != KUDP_ANSWERED)
		return verdict;
	if (r->policy.reply == KUDP_TEXT)
		iov.iov_base = page_address(w->text);
	iov.iov_len = kudp_reply_length(&r->policy, len);
	if (r->policy.reply == KUDP_STAMP) {
		verdict = kudp_classic_stamp(w, m, len);
		if (verdict != KUDP_ANSWERED)
			return verdict;
	}
	/* To reply_to from where it is connected, whoever asked and whatever was asked. */
	if (w->reply_sock) {
		m->msg.msg_name = NULL;
		m->msg.msg_namelen = 0;
		m->msg.msg_controllen = 0;
	}
	if (r->guard.hop_limit)
		kudp_classic_put_hops(w, m);
	switch (kudp_classic_send(w, m, &iov)) {
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
	.init = kudp_classic_init,
	.unhook = kudp_unhook,
	.interrupt = kudp_classic_interrupt,
	.exit = kudp_classic_exit,
	.run = kudp_classic_run,
};
