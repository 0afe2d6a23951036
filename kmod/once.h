/* SPDX-License-Identifier: GPL-2.0-only */
/* READ_ONCE() and WRITE_ONCE() for what unit tests and fuzzers compile, too. */
#ifndef KUDP_ONCE_H
#define KUDP_ONCE_H

#ifdef __KERNEL__
#include <linux/compiler.h>
#else
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value) __atomic_store_n(&(x), value, __ATOMIC_RELAXED)
#endif

#endif
