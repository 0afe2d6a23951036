// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attribute "allow": a list of prefixes that replaces what there was, or that is added (each
 * with a +) or taken away (with a -), as thousands do not fit into one write.
 */
#include <linux/inet.h>
#include <linux/sort.h>
#include <net/ipv6.h>

#include "allow.h"
#include "bad_value.h"
#include "responder.h"

#define KUDP_ALLOW_WANT "up to " __stringify(KUDP_PREFIXES_MAX) \
	" of ADDRESS/BITS with no bit set beyond, or of +ADDRESS/BITS, -ADDRESS/BITS; or all"
#define KUDP_SEPARATORS " \t\n,"
#define KUDP_WORD_MAX 64	/* room for the longest prefix and its sign */

enum kudp_allow_way {
	KUDP_ALLOW_SET,
	KUDP_ALLOW_ADD,
	KUDP_ALLOW_TAKE,
};

static enum kudp_allow_way kudp_allow_way(const char *word)
{
	return *word == '+' ? KUDP_ALLOW_ADD : *word == '-' ? KUDP_ALLOW_TAKE : KUDP_ALLOW_SET;
}

static bool kudp_parse_address(const char *text, struct kudp_prefix *prefix, unsigned int *most)
{
	struct in6_addr address;
	const char *end;
	__be32 ipv4;

	/* in4_pton() ends at a colon, too. */
	*most = 32;
	if (in4_pton(text, -1, (u8 *)&ipv4, '\0', &end) && !*end) {
		ipv6_addr_set_v4mapped(ipv4, &address);
	} else {
		*most = 128;
		if (!in6_pton(text, -1, address.s6_addr, '\0', &end) || *end)
			return false;
	}
	prefix->address = kudp_address_of(&address);
	return true;
}

/* An address without a length is one host's. */
static bool kudp_parse_prefix(char *text, struct kudp_prefix *prefix)
{
	char *slash = strchr(text, '/');
	unsigned int len, most;

	if (slash)
		*slash = '\0';
	if (!kudp_parse_address(text, prefix, &most))
		return false;
	len = most;
	if (slash && (kstrtouint(slash + 1, 10, &len) || len > most))
		return false;
	prefix->len = 128 - most + len;
	return kudp_prefix_is_valid(prefix);
}

static int kudp_compare(const void *a, const void *b)
{
	return kudp_prefix_compare(a, b);
}

static void kudp_allow_sort(struct kudp_allow *allow)
{
	struct kudp_prefix *p = allow->prefixes;
	unsigned int i, n = 0;

	sort(p, allow->n, sizeof(*p), kudp_compare, NULL);
	for (i = 0; i < allow->n; i++)
		if (!n || kudp_compare(&p[n - 1], &p[i]))
			p[n++] = p[i];
	allow->n = n;
}

static bool kudp_allow_take(struct kudp_allow *allow, const struct kudp_prefix *prefix)
{
	unsigned int i;

	for (i = 0; i < allow->n; i++) {
		if (kudp_compare(&allow->prefixes[i], prefix))
			continue;
		allow->n--;
		memmove(&allow->prefixes[i], &allow->prefixes[i + 1],
			(allow->n - i) * sizeof(*prefix));
		return true;
	}
	return false;
}

/* One word of a list whose words all go @way. */
static int kudp_allow_word(const struct kudp_responder *r, struct kudp_allow *allow,
			   const char *word, enum kudp_allow_way way)
{
	char text[KUDP_WORD_MAX];
	struct kudp_prefix prefix;

	if (kudp_allow_way(word) != way || strscpy(text, word, sizeof(text)) < 0 ||
	    !kudp_parse_prefix(way == KUDP_ALLOW_SET ? text : text + 1, &prefix))
		return kudp_bad_value(kudp_name(r), "allow", word, KUDP_ALLOW_WANT);
	if (way == KUDP_ALLOW_TAKE)
		return kudp_allow_take(allow, &prefix) ? 0 :
			kudp_bad_value(kudp_name(r), "allow", word, "one that is in the list");
	if (allow->n == KUDP_PREFIXES_MAX)
		kudp_allow_sort(allow); /* some may be there twice */
	if (allow->n == KUDP_PREFIXES_MAX)
		return kudp_bad_value(kudp_name(r), "allow", word, KUDP_ALLOW_WANT);
	allow->prefixes[allow->n++] = prefix;
	return 0;
}

static int kudp_allow_list(const struct kudp_responder *r, struct kudp_allow *allow, char *list)
{
	enum kudp_allow_way way = KUDP_ALLOW_SET;
	bool first = true;
	char *word;
	int err;

	while ((word = strsep(&list, KUDP_SEPARATORS))) {
		if (!*word)
			continue;
		if (first) {
			way = kudp_allow_way(word);
			if (way != KUDP_ALLOW_SET && r->allow)
				*allow = *r->allow;
		}
		first = false;
		err = kudp_allow_word(r, allow, word, way);
		if (err)
			return err;
	}
	kudp_allow_sort(allow);
	/* Else the last one that is taken away would let in everyone. */
	if (allow->n)
		return 0;
	return kudp_bad_value(kudp_name(r), "allow", "", "at least one prefix, or all");
}

/**
 * kudp_allow_set() - write the attribute
 * @r: the responder, disabled
 * @value: "all", a list, or a list with signs
 *
 * Context: may sleep, under kudp_lock.
 * Return: 0, -ENOMEM, or -EINVAL after a line that says what is allowed.
 */
int kudp_allow_set(struct kudp_responder *r, const char *value)
{
	struct kudp_allow *allow = NULL;
	char *list;
	int err = 0;

	if (strcmp(value, "all")) {
		list = kstrdup(value, GFP_KERNEL);
		allow = kvzalloc(sizeof(*allow), GFP_KERNEL);
		err = list && allow ? kudp_allow_list(r, allow, list) : -ENOMEM;
		kfree(list);
	}
	if (err) {
		kvfree(allow);
		return err;
	}
	kvfree(r->allow);
	r->allow = allow;
	return 0;
}

/**
 * kudp_allow_whole() - how much of a write to take now
 * @page: what was written
 * @count: how much, bytes
 *
 * configfs cuts a long write into pages, and whoever writes comes again with what was not taken. So
 * a list with signs may have any length; one without, which would replace its own beginning, may
 * not.
 *
 * Return: bytes up to the end of a word; 0: none of it.
 */
size_t kudp_allow_whole(const char *page, size_t count)
{
	if (count < PAGE_SIZE - 1)
		return count;
	if (kudp_allow_way(page + strspn(page, KUDP_SEPARATORS)) == KUDP_ALLOW_SET)
		return 0;
	while (count && !strchr(KUDP_SEPARATORS, page[count - 1]))
		count--;
	return count;
}

/**
 * kudp_allow_print() - read the attribute
 * @r: the responder
 * @page: gets as many prefixes as it holds, a line each
 *
 * Context: under kudp_lock.
 * Return: bytes.
 */
ssize_t kudp_allow_print(const struct kudp_responder *r, char *page)
{
	const struct kudp_prefix *p;
	unsigned int i;
	ssize_t len = 0;
	__be64 bytes[2];

	if (!r->allow)
		return sysfs_emit(page, "all\n");
	for (i = 0; i < r->allow->n && len < PAGE_SIZE - KUDP_WORD_MAX; i++) {
		p = &r->allow->prefixes[i];
		bytes[0] = cpu_to_be64(p->address.high);
		bytes[1] = cpu_to_be64(p->address.low);
		if (kudp_prefix_is_ipv4(p))
			len += sysfs_emit_at(page, len, "%pI4/%u\n", (u8 *)bytes + 12,
					     p->len - KUDP_MAPPED);
		else
			len += sysfs_emit_at(page, len, "%pI6c/%u\n", bytes, p->len);
	}
	if (i < r->allow->n)
		len += sysfs_emit_at(page, len, "... %u more\n", r->allow->n - i);
	return len;
}
