// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a value that an attribute cannot take is refused: with one line in the kernel log that names
 * the responder, the attribute, the value and what is allowed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/string.h>

#include "bad_value.h"

#define KUDP_LOGGED_MAX 64	/* bytes of a refused value */

/**
 * kudp_bad_value() - say that a value is refused, and what is allowed
 * @responder: the responder's name
 * @attribute: the attribute's name
 * @value: what was written; whatever is not printable is escaped
 * @want: what is allowed, in words
 *
 * Context: any.
 * Return: -EINVAL, for the caller to return.
 */
int kudp_bad_value(const char *responder, const char *attribute, const char *value,
		   const char *want)
{
	pr_err("%s: %s=%*pE: want %s\n", responder, attribute,
	       (int)strnlen(value, KUDP_LOGGED_MAX), value, want);
	return -EINVAL;
}

/**
 * kudp_bad_choice() - the same where one of several words is allowed
 * @responder: the responder's name
 * @attribute: the attribute's name
 * @value: what was written
 * @choices: the words
 * @n: how many, at least two
 *
 * Context: any.
 * Return: -EINVAL, for the caller to return.
 */
int kudp_bad_choice(const char *responder, const char *attribute, const char *value,
		    const char * const *choices, unsigned int n)
{
	char want[128];
	unsigned int i;
	int len = 0;

	for (i = 0; i < n; i++)
		len += scnprintf(want + len, sizeof(want) - len, "%s%s",
				 i == 0 ? "" : i == n - 1 ? " or " : ", ", choices[i]);
	return kudp_bad_value(responder, attribute, value, want);
}
