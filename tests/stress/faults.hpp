// SPDX-License-Identifier: GPL-2.0-only
// The kernel's fault injection (Documentation/fault-injection): the N-th allocation of a thread, or
// of the receive path, is denied.
#pragma once

#include <functional>

namespace kudp::stress {

// False where the kernel was built without it.
bool can_inject_faults();

// Makes allocations of every kind deniable, and denied ones not worth a report.
void prepare_faults();

// Calls `attempt` with the first, then the second, … allocation in it by thread `tid` denied, until
// one makes no more. Returns how many were denied; stops early where `attempt` returns false.
int walk(int tid, const std::function<bool(int denied)>& attempt);

// The same for allocations that may not sleep, which are those of the receive path, of whoever
// makes them. `attempt` is called up to 3 times more where one made fewer than before.
int walk_atomic(const std::function<bool(int denied)>& attempt);

}  // namespace kudp::stress
