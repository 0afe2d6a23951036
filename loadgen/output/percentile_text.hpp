// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "loadgen/statistics/histogram.hpp"

namespace kudp {

// The distribution as HdrHistogram prints it (outputPercentileDistribution(), five steps to each
// halving of the rest) and its plotter reads it, a .hgrm file. Values are in microseconds.
std::string percentile_text(const Histogram& histogram);

}  // namespace kudp
