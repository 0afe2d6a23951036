// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "loadgen/output/record.hpp"
#include "loadgen/run/run.hpp"
#include "loadgen/run/verdict.hpp"

namespace kudp {

Record interval_record(const Interim& interim);
Record run_record(const RunOptions& options, const RunResult& result, const Verdict& verdict);

// The latency distribution as [percentile, us] pairs, two per halving of the rest, as far as the
// number of values goes: even steps on a log-percentile axis.
Record percentiles(const Histogram& latency);

}  // namespace kudp
