// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

namespace kudp::cost {

// Throws std::runtime_error unless CLOCK_MONOTONIC advances a nanosecond per instruction, as it
// does in a guest of `scripts/vm --icount`.
void check_clock_counts_instructions();

// Nanoseconds that the CPUs have been idle since boot. An idle vCPU executes nothing, but its clock
// goes on, in step with the host's: what is idle is no instruction.
std::int64_t idle_ns();

}  // namespace kudp::cost
