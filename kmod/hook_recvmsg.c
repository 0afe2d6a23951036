// SPDX-License-Identifier: GPL-2.0-only
/*
 * For an engine that reads its socket with kernel_recvmsg(): UDP queues each datagram as for a
 * program, save what a frame brought that was for others, too. The reader, which has but the IP
 * addresses, could not tell.
 */
#include "drop.h"
#include "hook.h"
#include "hook_encap.h"
#include "inspect.h"
#include "log.h"
#include "trace.h"

/* encap_rcv: softirq, under RCU; @skb's data is at the UDP header. */
static int kudp_recvmsg_receive(struct sock *sk, struct sk_buff *skb)
{
	struct kudp_worker *w = kudp_this_worker(sk);

	if (w->responder->log)
		kudp_log_datagram(w, skb);
	if (likely(skb->pkt_type == PACKET_HOST))
		return 1; /* UDP queues it */
	trace_kudp_receive(w, skb, 0);
	skb_mark_not_on_list(skb);
	kudp_count(&w->received, KUDP_RECEIVED, 1);
	kudp_drop(w, &w->received, skb, kudp_datagrams(skb), KUDP_NOT_UNICAST);
	return 0;
}

static void kudp_recvmsg_attach(struct kudp_worker *w)
{
	kudp_encap_attach(w, kudp_recvmsg_receive);
}

const struct kudp_hook kudp_hook_recvmsg = {
	.attach = kudp_recvmsg_attach,
	.detach = kudp_encap_detach,
};
