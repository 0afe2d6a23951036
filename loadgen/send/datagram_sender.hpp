// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "loadgen/send/outbox.hpp"
#include "loadgen/send/sender.hpp"

namespace kudp {

// Sends by the flows' own sockets: one sendmmsg(2) a burst.
class DatagramSender final : public Sender {
 public:
  // Room for `burst` requests, `segments` of which leave as one super-packet.
  DatagramSender(std::vector<Flow> flows, const Payload& payload, std::size_t burst,
                 std::size_t segments)
      : Sender(std::move(flows)), outbox_(payload, burst, segments) {}

 private:
  int put(std::size_t flow, std::size_t count, std::uint64_t first) override {
    return outbox_.send(flows_[flow], count, first);
  }

  Outbox outbox_;
};

}  // namespace kudp
