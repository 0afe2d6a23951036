// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

#include "loadgen/base/interrupt.hpp"
#include "loadgen/run/options.hpp"

namespace kudp {

struct BlastResult {
  std::uint64_t sent = 0;        // in the measured interval
  std::int64_t measured = 0;     // its length
  std::uint64_t refused = 0;     // ICMP messages, such as port unreachable
  std::uint64_t no_room = 0;     // times the kernel had no room for more
  std::uint64_t send_drops = 0;  // as in RunResult, warm-up included
  int signal = 0;                // that ended it early

  double sent_per_s() const {
    return measured <= 0 ? 0 : static_cast<double>(sent) * kSecond / static_cast<double>(measured);
  }
};

// Sends requests to the target as fast as the kernel takes them, for warm-up and duration, and
// looks at no reply: what a receiver makes of them, it has to say itself. Throws std::runtime_error
// where the options are wrong or the kernel refuses something.
BlastResult blast(const RunOptions& options, Interrupt& interrupt);

}  // namespace kudp
