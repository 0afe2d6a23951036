// SPDX-License-Identifier: GPL-2.0-only
/*
 * A network card with a clock, for tests of what reads it: no card of QEMU 7.2 has one. Behind
 * card0 is a host that returns each UDP datagram to its sender after wire_us, by the card's clock:
 * that goes on by a second with each frame and knows no other time.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/udp.h>

static unsigned int wire_us;
module_param(wire_us, uint, 0644);
MODULE_PARM_DESC(wire_us, "microseconds on the wire, by the card's clock");

static atomic_t card_seconds;

/* Its checksums stay right. */
static bool turn_around(struct sk_buff *skb)
{
	struct udphdr *udp;
	struct ethhdr *eth;
	struct iphdr *ip;

	if (skb->protocol != htons(ETH_P_IP) ||
	    !pskb_may_pull(skb, ETH_HLEN + sizeof(*ip) + sizeof(*udp)))
		return false;
	eth = (struct ethhdr *)skb->data;
	ip = (struct iphdr *)(eth + 1);
	udp = (struct udphdr *)(ip + 1);
	if (ip->ihl != 5 || ip->protocol != IPPROTO_UDP)
		return false;
	swap(ip->saddr, ip->daddr);
	swap(udp->source, udp->dest);
	ether_addr_copy(eth->h_dest, eth->h_source);
	return true;
}

static netdev_tx_t card_xmit(struct sk_buff *skb, struct net_device *dev)
{
	/* What goes to the error queue is a clone of what was sent. */
	struct sk_buff *reply = skb_copy(skb, GFP_ATOMIC);
	struct skb_shared_hwtstamps left = {
		.hwtstamp = ktime_set(atomic_inc_return(&card_seconds), 0),
	};

	if (skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP) {
		skb_shinfo(skb)->tx_flags |= SKBTX_IN_PROGRESS;
		skb_tstamp_tx(skb, &left);
	}
	skb_tx_timestamp(skb);
	dev_consume_skb_any(skb);

	if (!reply)
		return NETDEV_TX_OK;
	if (turn_around(reply)) {
		reply->protocol = eth_type_trans(reply, dev);
		skb_hwtstamps(reply)->hwtstamp = ktime_add_us(left.hwtstamp, wire_us);
		netif_rx(reply);
	} else {
		dev_kfree_skb_any(reply);
	}
	return NETDEV_TX_OK;
}

static const struct net_device_ops card_ops = {
	.ndo_start_xmit = card_xmit,
};

static void card_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &card_ops;
	dev->flags |= IFF_NOARP;
	eth_hw_addr_random(dev);
}

static struct net_device *card;

static int __init card_init(void)
{
	int error;

	card = alloc_netdev(0, "card%d", NET_NAME_ENUM, card_setup);
	if (!card)
		return -ENOMEM;
	error = register_netdev(card);
	if (error)
		free_netdev(card);
	return error;
}
module_init(card_init);

static void __exit card_exit(void)
{
	unregister_netdev(card);
	free_netdev(card);
}
module_exit(card_exit);

MODULE_DESCRIPTION("a network card with a clock, for tests");
MODULE_LICENSE("GPL");
