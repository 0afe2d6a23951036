// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <ctime>

#include "loadgen/base/clock.hpp"

namespace kudp {

// What SO_TIMESTAMPING tells, in nanoseconds; 0 for what it does not.
struct StampTimes {
  std::int64_t software;  // CLOCK_REALTIME
  std::int64_t card;      // the network card's own clock
};

// `control` is one of SOL_SOCKET and SO_TIMESTAMPING.
inline StampTimes read_times(const cmsghdr* control) {
  timespec times[3];  // the second is no longer used
  std::memcpy(times, CMSG_DATA(control), sizeof times);
  const auto ns = [](const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; };
  return {ns(times[0]), ns(times[2])};
}

}  // namespace kudp
