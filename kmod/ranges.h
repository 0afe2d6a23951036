/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_RANGES_H
#define KUDP_RANGES_H

struct kudp_allow;
struct kudp_guard;

int kudp_ranges_make(struct kudp_guard *guard, const struct kudp_allow *allow);
void kudp_ranges_free(struct kudp_guard *guard);

#endif
