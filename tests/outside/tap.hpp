// SPDX-License-Identifier: GPL-2.0-only
// The host's end of the guest's network card: sends frames into it, and sees all that passes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loadgen/base/fd.hpp"
#include "tests/outside/answers.hpp"
#include "tests/stress/frame_socket.hpp"
#include "tests/stress/kernel_counters.hpp"
#include "tests/stress/ledger.hpp"
#include "tests/stress/traits.hpp"

namespace kudp::outside {

inline constexpr char kTap[] = "tap0";

// Takes the host's own stack off the tap: addresses, ARP, IPv6.
void silence_tap();

class Tap {
 public:
  explicit Tap(const stress::Target& target);

  // Waits first while the card has not taken what was sent before; throws if it takes nothing.
  void send(const stress::Frame& frame);

  // Sees what has come by now.
  void look();

  const stress::Sent& sent() const { return sent_; }
  const Answers& answers() const { return answers_; }
  void forget();
  stress::Counters counters() const { return counters_.read_device(kTap); }

 private:
  std::vector<stress::Traits> pass();
  void wait_for_the_card();

  const stress::Target& target_;
  stress::FrameSocket socket_{kTap};
  stress::KernelCounters counters_{"", {kTap}};
  Fd capture_;
  std::string room_;
  stress::Sent sent_;
  Answers answers_;
  std::uint64_t begun_with_ = 0;  // frames that the tap had passed or dropped
  std::uint64_t handed_ = 0;      // to it, since then
  unsigned unseen_ = 0;           // frames since it was last asked how many it passed
};

}  // namespace kudp::outside
