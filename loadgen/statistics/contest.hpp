// SPDX-License-Identifier: GPL-2.0-only
//
// Whether one of several targets is better than all others, as far as repeated runs can tell.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "loadgen/statistics/interval.hpp"

namespace kudp::contest {

// The one whose interval lies beyond all others', above or below; nothing where any of them
// overlaps it or is not known.
std::optional<std::size_t> winner(const std::vector<std::optional<Interval>>& intervals,
                                  bool more_is_better);

}  // namespace kudp::contest
