// SPDX-License-Identifier: GPL-2.0-only
#define CREATE_TRACE_POINTS
#include "trace.h"

/* A counter that is new needs its name in KUDP_TRACE_REASONS. */
static_assert(KUDP_N_COUNTERS == 24);
