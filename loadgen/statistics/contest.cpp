// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/contest.hpp"

namespace kudp::contest {

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
