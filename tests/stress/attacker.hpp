// SPDX-License-Identifier: GPL-2.0-only
// A hostile neighbour, and the two namespaces it needs:
//
//   namespace kudp-outside: no addresses,        namespace kudp-target: the responder
//   no IPv6, answers nothing                     198.18.5.1/28, fd00:6b75:6470:5::1/124
//   +-----------------------------+     veth     +----------------------------------+
//   | AF_PACKET, raw       kudp-o +--------------+ kudp-t                           |
//   +-----------------------------+              +----------------------------------+
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tests/stress/frame_socket.hpp"
#include "tests/stress/kernel_counters.hpp"
#include "tests/stress/ledger.hpp"
#include "tests/stress/target.hpp"

namespace kudp::stress {

inline constexpr char kOutside[] = "kudp-outside", kOutDevice[] = "kudp-o";

inline const std::string kTargetMac("\x02\0\0\0\0\1", 6);

// The namespaces, as long as the object lives.
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
};

// The attacker's socket, and what it knows of what it sent.
class Attacker {
 public:
  Attacker();

  void send(const Frame& frame);

  const Sent& sent() const { return sent_; }
  void forget() { sent_ = {}; }
  const KernelCounters& counters() const { return counters_; }

 private:
  void send_super_packet(const Frame& frame);

  KernelCounters counters_;
  std::unique_ptr<FrameSocket> socket_;
  Sent sent_;
  std::optional<Counters> device_;  // what it counted, if nothing was sent since: to ask it is slow
};

}  // namespace kudp::stress
