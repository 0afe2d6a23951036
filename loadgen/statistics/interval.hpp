// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace kudp {

// The middle value, or the mean of the two in the middle; nothing of nothing.
std::optional<double> median(std::vector<double> values);

// The median of samples, and a range that may cover the true one.
struct Interval {
  double median;
  double low;
  double high;

  // Its length, of the median. Bounds may be infinite.
  double width() const { return high == low || median == 0 ? 0 : (high - low) / median; }
};

// From the least sample to the greatest; nothing of nothing.
std::optional<Interval> range_of(std::vector<double> samples);

// Probability that `samples` independent samples have the true median between their least and
// their greatest.
double range_coverage(std::size_t samples);

// The fewest samples whose range covers the true median with 95 % or more: 1 - 2^(1-6) is 96.9 %.
inline constexpr std::size_t kFewest = 6;

// The narrowest range between two samples that covers it with as much. By order statistics,
// whatever the samples' distribution; nothing where they are too few.
std::optional<Interval> interval_of(std::vector<double> samples);

}  // namespace kudp
