// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "loadgen/run/run.hpp"
#include "loadgen/run/verdict.hpp"

namespace kudp {

// The totals of a run as OpenMetrics text 1.0, for a textfile collector or a push gateway. Times
// are in seconds, as that format has them.
std::string openmetrics(const RunOptions& options, const RunResult& result, const Verdict& verdict);

}  // namespace kudp
