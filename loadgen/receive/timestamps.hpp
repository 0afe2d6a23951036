// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <cstdint>
#include <ctime>

#include "loadgen/base/clock.hpp"

namespace kudp {

// A control message of SOL_SOCKET and SO_TIMESTAMPING; the second time is no longer used.
using TimestampingValue = std::array<timespec, 3>;

// When a datagram came or left, nanoseconds; 0 where that is not known.
struct Timestamp {
  std::int64_t seen = 0;  // by the kernel, in time of our clock
  std::int64_t card = 0;  // by the network card, in time of its clock
};

// By how much the kernel's clock of time stamps is ahead of ours, nanoseconds.
inline std::int64_t stamps_ahead() {
  return now_ns(CLOCK_REALTIME) - now_ns();
}

inline Timestamp timestamp_of(const TimestampingValue& times, std::int64_t ahead) {
  const auto ns = [](const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; };
  const auto software = ns(times[0]);
  return {software == 0 ? 0 : software - ahead, ns(times[2])};
}

}  // namespace kudp
