// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "bench/cost/table.hpp"

namespace kudp::cost {

// What the kernel's servers and their guard are to cost at most, at 64 bytes.
struct Bar {
  std::string what;
  double value;  // in the unit of `limit`
  double limit;

  bool met() const { return value <= limit; }
};

// Those that the sections have the figures for.
std::vector<Bar> bars(const std::vector<Section>& sections);

// A line for each, for people; empty if there is none.
std::string lines(const std::vector<Bar>& bars);

}  // namespace kudp::cost
