/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_BAD_VALUE_H
#define KUDP_BAD_VALUE_H

int kudp_bad_value(const char *responder, const char *attribute, const char *value,
		   const char *want);
int kudp_bad_choice(const char *responder, const char *attribute, const char *value,
		    const char * const *choices, unsigned int n);

#endif
