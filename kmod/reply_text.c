// SPDX-License-Identifier: GPL-2.0-only
/*
 * The responder's text, whatever was asked. Each worker has its own page of it, whose reference
 * count is its CPU's alone.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/udp.h>

#include "reply.h"

static int kudp_text_init(struct kudp_worker *w)
{
	const struct kudp_responder *r = w->responder;
	struct page *page = alloc_pages_node(cpu_to_node(w->cpu), GFP_KERNEL, 0);

	if (!page)
		return -ENOMEM;
	memcpy(page_address(page), r->text, r->policy.text_len);
	w->reply = page;
	return 0;
}

static void kudp_text_exit(struct kudp_worker *w)
{
	struct page *page = w->reply;

	if (page)
		put_page(page);
}

/* Replaces the payload by the page, without copying it. */
enum kudp_counter kudp_text_make(struct kudp_worker *w, struct sk_buff *skb)
{
	unsigned int len = w->responder->policy.text_len;
	struct page *page = w->reply;

	if (pskb_trim(skb, sizeof(struct udphdr)))
		return KUDP_NO_MEMORY;
	if (!len)
		return KUDP_ACCEPT;
	get_page(page);
	skb_add_rx_frag(skb, 0, page, 0, len, PAGE_SIZE);
	/* Nobody on the way may write into it, as what decrypts in place does. */
	skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	return KUDP_ACCEPT;
}

enum kudp_counter kudp_text_copy(struct kudp_worker *w, const struct kudp_request *request,
				 struct kvec *reply)
{
	reply->iov_base = page_address((struct page *)w->reply);
	return KUDP_ACCEPT;
}

const struct kudp_reply_ops kudp_reply_text = {
	.name = "text",
	.init = kudp_text_init,
	.exit = kudp_text_exit,
};
