// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fd.hpp"
#include "loadgen/base/frame.hpp"
#include "loadgen/base/payload.hpp"
#include "loadgen/send/sender.hpp"

namespace kudp {

// Sends requests as whole frames by an AF_PACKET socket: they pass by UDP, IP and the queueing
// discipline, and go straight to the device. Each flow's socket stays open, for its port is in the
// frames, and its first datagram shows what the stack makes of one: route, addresses, neighbour.
// What of these changes later is not noticed.
class PacketSender final : public Sender {
 public:
  // Room for `burst` requests. Sends one by each flow, as a pattern. Throws std::runtime_error, one
  // line, where that takes privileges, the target is not reached by Ethernet, or nobody is there.
  PacketSender(std::vector<Flow> flows, const Payload& payload, std::size_t burst,
               const Endpoint& target);

 private:
  int put(std::size_t flow, std::size_t count, std::uint64_t first) override;
  int socket_of(std::size_t) const override { return socket_.get(); }

  char* frame(std::size_t index) { return &bytes_[index * stride_ + Frame::kAlign]; }
  void take_refusal(const Flow& flow);
  void write(std::size_t flow, std::size_t count, std::uint64_t first);

  const Payload& payload_;
  std::vector<std::vector<std::byte>> headers_;  // of each flow
  Fd socket_;
  std::size_t stride_ = 0;
  std::vector<char> bytes_;
  std::vector<iovec> slices_;
  std::vector<mmsghdr> messages_;
};

}  // namespace kudp
