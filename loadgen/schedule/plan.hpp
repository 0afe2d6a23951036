// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <atomic>
#include <cstdint>

#include "loadgen/base/clock.hpp"

namespace kudp {

// The times of a run. Its workers only read them; requests meant to be sent in [begin, end) count.
struct Plan {
  std::int64_t timeout;                     // a later reply is late
  std::int64_t start = 0;                   // of the warm-up
  std::int64_t begin = 0;                   // of the measured interval
  std::atomic<std::int64_t> end = 0;        // of both the interval and sending
  std::atomic<std::int64_t> drain_end = 0;  // no reply is awaited beyond

  explicit Plan(std::int64_t reply_timeout) : timeout(reply_timeout) {}

  // From now on, but for what threads need to be started.
  void start_soon(std::int64_t warmup, std::int64_t duration) {
    start = now_ns() + 2 * kMillisecond;
    begin = start + warmup;
    end = begin + duration;
    drain_end = end + timeout + kSecond;  // the drain starts at the last send, soon after the end
  }

  // Sleeps until the warm-up begins.
  void wait_for_start() const {
    const auto time = to_timespec(start);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
  }

  // Ends sending now; replies are awaited for `patience` at most.
  void stop(std::int64_t now, std::int64_t patience) {
    if (now < end) end = now;
    if (now + patience < drain_end) drain_end = now + patience;
  }
};

}  // namespace kudp
