// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "loadgen/schedule/schedule.hpp"

namespace kudp {

// Decides when a worker sends. Asked once per burst, not once per request.
class Pace {
 public:
  static constexpr auto kNever = std::numeric_limits<std::int64_t>::max();

  virtual ~Pace() = default;

  // Whether a request can be sent later than it is meant to be.
  virtual bool has_schedule() const = 0;

  // Writes the intended times of the requests due at `now` to `intended`, as many as there is room
  // for, and returns their number. They count as sent.
  virtual std::size_t take(std::int64_t now, std::size_t in_flight,
                           std::span<std::int64_t> intended) = 0;

  // When the next request is due if no reply comes before; kNever where only a reply lets it go.
  virtual std::int64_t next(std::int64_t now, std::size_t in_flight) const = 0;
};

// Closed loop: a reply lets the next request go. A request is meant to be sent when it is sent.
class ClosedPace final : public Pace {
 public:
  explicit ClosedPace(std::size_t window) : window_(window) {}

  bool has_schedule() const override { return false; }

  std::size_t take(std::int64_t now, std::size_t in_flight,
                   std::span<std::int64_t> intended) override {
    const auto count = std::min(window_ - std::min(window_, in_flight), intended.size());
    std::ranges::fill(intended.first(count), now);
    return count;
  }

  std::int64_t next(std::int64_t now, std::size_t in_flight) const override {
    return in_flight < window_ ? now : kNever;
  }

 private:
  std::size_t window_;
};

// Open loop: the schedule alone decides.
class OpenPace final : public Pace {
 public:
  explicit OpenPace(Schedule schedule) : schedule_(schedule) {}

  bool has_schedule() const override { return true; }

  std::size_t take(std::int64_t now, std::size_t, std::span<std::int64_t> intended) override {
    std::size_t count = 0;
    for (; count < intended.size() && schedule_.next() <= now; schedule_.advance())
      intended[count++] = schedule_.next();
    return count;
  }

  std::int64_t next(std::int64_t, std::size_t) const override { return schedule_.next(); }

 private:
  Schedule schedule_;
};

}  // namespace kudp
