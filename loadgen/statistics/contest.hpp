// SPDX-License-Identifier: GPL-2.0-only
//
// Whether one of several targets is better than all others, as far as repeated runs can tell.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace kudp::contest {

// Median of samples, with the range that covers the true median with 95 % or more.
struct Interval {
  double median;
  double low;
  double high;

  // Its length, of the median. Bounds may be infinite.
  double width() const { return high == low || median == 0 ? 0 : (high - low) / median; }
};

// The fewest samples that have such a range: 1 - 2^(1-6) is 96.9 %.
inline constexpr std::size_t kFewest = 6;

// By order statistics, whatever the samples' distribution; nothing where they are too few.
std::optional<Interval> interval_of(std::vector<double> samples);

// The one whose interval lies beyond all others', above or below; nothing where any of them
// overlaps it or is not known.
std::optional<std::size_t> winner(const std::vector<std::optional<Interval>>& intervals,
                                  bool more_is_better);

}  // namespace kudp::contest
