// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loadgen/run/run.hpp"

namespace kudp {

// What a run says of itself. A run is valid when its figures describe the target, not the
// generator; how the target did has no part in it.
struct Verdict {
  bool valid = true;
  bool generator_limited = false;  // of a closed loop that is no flaw, but the goodput is its own
  std::vector<std::string> notes;  // why it is not, and what a reader of the figures should know
};

Verdict judge(const RunOptions& options, const RunResult& result);

// The latest that a hundredth of the requests may be sent after their times, open loop: one gap of
// a thread's schedule, but no less than 100 us and no more than 1 ms. Later sends would put the
// generator's own delays into the latency's 99th percentile.
std::int64_t tolerated_delay(const RunOptions& options);

}  // namespace kudp
