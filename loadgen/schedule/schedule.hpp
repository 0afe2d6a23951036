// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cmath>
#include <cstdint>

namespace kudp {

enum class Arrivals : std::uint8_t { constant, poisson };

// When one worker means to send: the first request at `start`, the others `gap` nanoseconds apart,
// whatever happens to the replies. Constant gaps are all the same; each time is computed from the
// start, so that a gap that is no whole number of nanoseconds does not drift. Poisson gaps are
// exponential with that mean, as those of many independent clients together: they are summed up
// unrounded, 53 bits of nanoseconds being 104 days.
class Schedule {
 public:
  // `seed` makes one series of Poisson gaps differ from another.
  Schedule(std::int64_t start, double gap, Arrivals arrivals = Arrivals::constant,
           std::uint64_t seed = 0)
      : start_(start),
        gap_(gap),
        poisson_(arrivals == Arrivals::poisson),
        random_(seed * kOdd + kOdd),
        next_(start) {}

  // The intended time of the next request.
  std::int64_t next() const { return next_; }

  void advance() {
    elapsed_ =
        poisson_ ? elapsed_ + gap_ * unit_exponential() : static_cast<double>(++index_) * gap_;
    next_ = start_ + static_cast<std::int64_t>(elapsed_ + 0.5);
  }

 private:
  static constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;

  // splitmix64, its upper 53 bits as a number in (0, 1].
  double unit_exponential() {
    std::uint64_t z = random_ += kOdd;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return -std::log(static_cast<double>((z >> 11) + 1) * 0x1p-53);
  }

  std::int64_t start_;
  double gap_;
  bool poisson_;
  std::uint64_t random_;
  std::uint64_t index_ = 0;
  double elapsed_ = 0;
  std::int64_t next_;
};

}  // namespace kudp
