// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <istream>

#include "loadgen/statistics/comparison.hpp"

namespace kudp::comparison {

// What a file of JSON lines holds: where it was measured, and the runs.
struct Records {
  std::string accelerator = "unknown";  // "tcg", "kvm", "none", or what else the header says
  std::vector<Run> runs;
};

// Reads a header record and the run records after it; passes over records of other kinds. Throws
// std::runtime_error with one line that begins with `name` and the number of the line at fault.
Records read_records(std::istream& input, const std::string& name);

}  // namespace kudp::comparison
