// SPDX-License-Identifier: GPL-2.0-only
#include "responder.h"

/* See DOC: Locking. */
DEFINE_MUTEX(kudp_lock);
LIST_HEAD(kudp_enabled);
