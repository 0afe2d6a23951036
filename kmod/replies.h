/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every reply, once, with what the packet path has to know of it. For inclusion where KUDP_REPLY()
 * is defined, so without a guard. reply_NAME.c has the rest, as a struct kudp_reply_ops.
 *
 * KUDP_REPLY(ID, name, payload, departure, length)
 *
 *	payload		kept: the request's own is the answer's. none: there is no answer. made: by
 *			kudp_NAME_make() in the skb, by kudp_NAME_copy() elsewhere
 *	departure	timed: kudp_NAME_depart() has the last word before the network. untimed
 *	length		bytes of payload that answer @request bytes, under @policy
 */
KUDP_REPLY(ECHO, echo, kept, untimed, request)			/* RFC 862 */
KUDP_REPLY(DISCARD, discard, none, untimed, request)		/* RFC 863 */
KUDP_REPLY(TEXT, text, made, untimed, policy->text_len)		/* the responder's text */
KUDP_REPLY(STAMP, stamp, made, timed, kudp_stamp_length(request)) /* RFC 8762, a reflector's */
#undef KUDP_REPLY
