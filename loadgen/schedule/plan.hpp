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

  void start_at(std::int64_t time, std::int64_t warmup, std::int64_t duration) {
    start = time;
    begin = start + warmup;
    end = begin + duration;
    drain_end = end + timeout + kSecond;  // the drain starts at the last send, soon after the end
  }

  // Ends sending now; replies are awaited for `patience` at most.
  void stop(std::int64_t now, std::int64_t patience) {
    if (now < end) end = now;
    if (now + patience < drain_end) drain_end = now + patience;
  }
};

}  // namespace kudp
