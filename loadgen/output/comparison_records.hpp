// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "loadgen/statistics/comparison.hpp"

namespace kudp::comparison {

// The comparison as JSON lines for programs: where it was measured, then a record for each row.
std::string json_lines(const Comparison& comparison, const std::string& accelerator);

}  // namespace kudp::comparison
