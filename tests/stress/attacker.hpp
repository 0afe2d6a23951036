// SPDX-License-Identifier: GPL-2.0-only
// A hostile neighbour, and the two namespaces it needs:
//
//   namespace kudp-outside: no addresses,        namespace kudp-target: the responder
//   no IPv6, answers nothing                     198.18.5.1/28, fd00:6b75:6470:5::1/124
//   +-----------------------------+     veth     +----------------------------------+
//   | AF_PACKET, raw       kudp-o +--------------+ kudp-t                           |
//   +-----------------------------+              +----------------------------------+
#pragma once

#include <linux/if_packet.h>

#include "loadgen/fd.hpp"
#include "tests/stress/frame.hpp"
#include "tests/stress/kernel_counters.hpp"
#include "tests/stress/ledger.hpp"

namespace kudp::stress {

inline constexpr char kOutside[] = "kudp-outside", kTarget[] = "kudp-target";
inline constexpr char kOutDevice[] = "kudp-o", kInDevice[] = "kudp-t";

// The namespaces, as long as the object lives.
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
};

// Sets that of kInDevice; from 1280 on, with all that IPv6 forgot below that.
void set_mtu(unsigned mtu);

// The attacker's socket, and what it knows of what it sent.
class Attacker {
 public:
  Attacker();

  void send(const Frame& frame);

  const Sent& sent() const { return sent_; }
  void forget() { sent_ = {}; }
  const KernelCounters& counters() const { return counters_; }

 private:
  int hand_over(const Frame& frame) const;
  void send_super_packet(const Frame& frame);

  KernelCounters counters_;
  sockaddr_ll to_{};
  Fd plain_, offloading_;
  Sent sent_;
};

}  // namespace kudp::stress
