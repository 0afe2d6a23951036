// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "loadgen/base/clock.hpp"
#include "loadgen/receive/ledger.hpp"
#include "loadgen/send/sender.hpp"

namespace kudp {

// How a worker's requests leave and replies come. A call is for a whole burst or round, never for
// one request, so that it may be virtual. Both ways throw std::system_error.
class Transport : public Sender {
 public:
  // How long the kernel is let send, or find a way, before it is asked to take more.
  static constexpr std::int64_t kBlockedPause = 100 * kMicrosecond;

  Transport(std::vector<Flow> flows, Ledger& ledger) : Sender(std::move(flows)), ledger_(ledger) {}

  // Called once, first, by the thread that all other calls come from.
  virtual void start() {}

  // Waits until something comes or `until`, hands to the ledger what has come, and says whether
  // something has. `now`: when the caller last looked at the clock.
  virtual bool receive(std::int64_t now, std::int64_t until) = 0;

  // When receive() tries again what send() took and the kernel then did not. Nothing may be sent
  // before all of it is gone, which is nothing here.
  virtual std::optional<std::int64_t> retry_at() const { return std::nullopt; }

 protected:
  // A sleep as short as this ends late more often than not, so the worker polls instead.
  static constexpr std::int64_t kShortestSleep = 50 * kMicrosecond;

  // An ICMP message was found where a reply was looked for.
  void receive_refused() {
    note_refusal();
    ledger_.refused();
  }

  Ledger& ledger_;
};

}  // namespace kudp
