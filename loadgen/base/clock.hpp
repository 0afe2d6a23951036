// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <time.h>

#include <cstdint>

namespace kudp {

// All times are nanoseconds in 64 bits: as points they are CLOCK_MONOTONIC.
inline constexpr std::int64_t kMicrosecond = 1'000;
inline constexpr std::int64_t kMillisecond = 1'000'000;
inline constexpr std::int64_t kSecond = 1'000'000'000;

inline std::int64_t now_ns(clockid_t clock = CLOCK_MONOTONIC) {
  timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

inline timespec to_timespec(std::int64_t ns) {
  return {ns / kSecond, ns % kSecond};
}

}  // namespace kudp
