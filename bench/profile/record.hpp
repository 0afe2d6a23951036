// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "bench/cost/plan.hpp"

namespace kudp::profile {

struct Recording {
  std::string server;
  cost::Load load{};
  std::string folder;        // where trace.dat, functions.dat and record.json go
  std::size_t requests = 0;  // of each phase
  bool functions = true;
  std::vector<std::string> facts;
};

// Runs the server and its load once without tracing, once for each way of tracing and once more
// without; leaves in `folder` what was recorded and, in record.json, what each way cost. What
// cannot be recorded is left out and said there. Throws std::runtime_error where nothing can be.
void record(const Recording& recording);

}  // namespace kudp::profile
