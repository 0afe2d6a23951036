// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>

#include "loadgen/base/clock.hpp"
#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/interrupt.hpp"
#include "loadgen/stamp/analysis.hpp"

namespace kudp {

struct StampOptions {
  Endpoint target;
  std::uint64_t count = 100;
  std::int64_t interval = 10 * kMillisecond;
  std::int64_t timeout = kSecond;  // after the last packet
  std::size_t padding = 0;         // bytes of an Extra Padding TLV; 0: none
  std::uint16_t ssid = 0;          // 0: none
};

// The error estimate of this host's clock, as the kernel's NTP state has it (adjtimex).
std::uint16_t own_clock_error();

// Sends the packets and takes the replies until all are there, the timeout is over or a signal
// came. Throws std::runtime_error where the kernel refuses something.
StampSession run_session(const StampOptions& options, Interrupt& interrupt);

}  // namespace kudp
