/* SPDX-License-Identifier: GPL-2.0-only */
/* "ADDRESS:PORT" as text; for both modules. */
#ifndef KUDP_ENDPOINT_H
#define KUDP_ENDPOINT_H

#include <linux/inet.h>
#include <linux/string.h>
#include <net/addrconf.h>

#define KUDP_ENDPOINT_WANT "ADDRESS:PORT, unicast, IPv6 in brackets"

static inline bool kudp_is_unicast(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET6)
		return !ipv6_addr_is_multicast(&in6->sin6_addr);
	return !ipv4_is_multicast(in4->sin_addr.s_addr) && !ipv4_is_lbcast(in4->sin_addr.s_addr);
}

static inline bool kudp_is_any(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET6)
		return ipv6_addr_any(&((const struct sockaddr_in6 *)address)->sin6_addr);
	return !((const struct sockaddr_in *)address)->sin_addr.s_addr;
}

/* An IPv4 address that is written as an IPv6 one: two names for the same. */
static inline bool kudp_is_mapped(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 &&
	       ipv6_addr_v4mapped(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static inline int kudp_address_length(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

/*
 * Whether all of @text is an address, a link-local one perhaps with "%DEVICE". What follows one is
 * nothing to inet_pton_with_scope(): in4_pton() ends at any colon, and a device is not looked for
 * where none is needed.
 */
static inline bool kudp_is_address(const char *text)
{
	struct in6_addr address;
	const char *end;

	if (in4_pton(text, -1, address.s6_addr, '\0', &end) && !*end)
		return true;
	return in6_pton(text, -1, address.s6_addr, '%', &end) &&
	       (!*end || (*end == '%' && ipv6_addr_type(&address) & IPV6_ADDR_LINKLOCAL));
}

/*
 * Reads "A.B.C.D:PORT" or "[IPV6]:PORT", a link-local one with "%DEVICE", as a place to send to:
 * not any address, nor several. Returns 0, or -EINVAL with @endpoint as it was.
 */
static inline int kudp_parse_endpoint(struct net *net, const char *text,
				      struct sockaddr_storage *endpoint)
{
	char address[INET6_ADDRSTRLEN + 1 + IFNAMSIZ];
	const char *colon = strrchr(text, ':');
	struct sockaddr_storage parsed = {};
	size_t len = colon ? colon - text : 0;
	bool v6 = *text == '[';
	u16 port;

	if (v6) {
		if (len < 2 || text[len - 1] != ']')
			return -EINVAL;
		text++;
		len -= 2;
	}
	if (!len || len >= sizeof(address) || kstrtou16(colon + 1, 10, &port) || !port)
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!kudp_is_address(address) ||
	    inet_pton_with_scope(net, v6 ? AF_INET6 : AF_INET, address, NULL, &parsed) ||
	    !kudp_is_unicast(&parsed) || kudp_is_any(&parsed) || kudp_is_mapped(&parsed))
		return -EINVAL;
	/* Both families have the port in the same place. */
	((struct sockaddr_in *)&parsed)->sin_port = htons(port);
	*endpoint = parsed;
	return 0;
}

#endif
