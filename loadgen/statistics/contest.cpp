// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/contest.hpp"

#include <algorithm>
#include <cmath>

#include "loadgen/statistics/comparison.hpp"

namespace kudp::contest {
namespace {

constexpr double kOutside = 0.05;

// How many samples may be cut off at each end: the median lies below the k-th of n with the
// probability that a fair coin shows heads less than k times.
std::size_t cut(std::size_t n) {
  double term = std::exp2(-static_cast<double>(n)), below = 0;
  std::size_t k = 0;
  for (;; ++k) {
    below += term;
    if (2 * below > kOutside) break;
    term *= static_cast<double>(n - k) / static_cast<double>(k + 1);
  }
  return k;
}

}  // namespace

std::optional<Interval> interval_of(std::vector<double> samples) {
  if (samples.size() < kFewest) return std::nullopt;
  std::ranges::sort(samples);
  const auto k = cut(samples.size());
  return Interval{*comparison::median(samples), samples[k - 1], samples[samples.size() - k]};
}

std::optional<std::size_t> winner(const std::vector<std::optional<Interval>>& intervals,
                                  bool more_is_better) {
  const auto beats = [&](const Interval& one, const Interval& other) {
    return more_is_better ? one.low > other.high : one.high < other.low;
  };
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    bool best = intervals[i].has_value();
    for (std::size_t j = 0; j < intervals.size() && best; ++j)
      best = i == j || (intervals[j] && beats(*intervals[i], *intervals[j]));
    if (best) return i;
  }
  return std::nullopt;
}

}  // namespace kudp::contest
