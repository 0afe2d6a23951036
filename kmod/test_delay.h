/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_TEST_DELAY_H
#define KUDP_TEST_DELAY_H

/* For tests of what measures: make module MODULE_FLAGS=KUDP_TEST=y. No other build has it. */
#ifdef KUDP_TEST
void kudp_test_delay(void);
#else
static inline void kudp_test_delay(void)
{
}
#endif

#endif
