// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cmath>
#include <cstdint>

namespace kudp {

// When one worker means to send: the first request at `start`, then one every `gap` nanoseconds,
// whatever happens to the replies. Each time is computed from the start, so that a gap that is no
// whole number of nanoseconds does not drift. Other gaps (Poisson) need another advance() only.
class Schedule {
 public:
  Schedule(std::int64_t start, double gap) : start_(start), gap_(gap), next_(start) {}

  // The intended time of the next request.
  std::int64_t next() const { return next_; }

  void advance() { next_ = start_ + std::llround(static_cast<double>(++index_) * gap_); }

 private:
  std::int64_t start_;
  double gap_;
  std::uint64_t index_ = 0;
  std::int64_t next_;
};

}  // namespace kudp
