// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/output/record.hpp"
#include "loadgen/statistics/interval.hpp"

namespace kudp {

// How one target did in its runs.
struct Standing {
  std::string target;
  std::size_t valid;                 // runs
  std::size_t limited;               // runs in which the generator was the limit
  std::optional<Interval> interval;  // of the figure, over the valid runs; nothing: too few
};

// Several targets under the same load. The figure is the p99 latency in us of an open loop, else
// the goodput per second.
struct Contest {
  bool open;
  std::size_t repetitions;
  std::vector<Standing> standings;
  std::optional<std::size_t> leader;  // whose interval lies beyond all others'
  bool wins;                          // the leader does, and not by the generator's doing
};

// One for each target.
std::vector<Record> contest_records(const Contest& contest);

// The same for people, with what it means.
std::string contest_text(const Contest& contest);

}  // namespace kudp
