// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "loadgen/output/record.hpp"
#include "loadgen/run/run.hpp"
#include "loadgen/run/search.hpp"

namespace kudp::search {

// What a run tells of the load it offered. Replies that are none of what was sent are lost: the
// target's doing and not the generator's.
Trial trial_of(const RunOptions& options, RunResult result);

// docs/records.md describes both.
Record trial_record(const Trial& trial);
Record found_record(const Found& found, const Settings& settings);

}  // namespace kudp::search
