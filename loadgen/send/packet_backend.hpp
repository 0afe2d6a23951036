// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/frame.hpp"
#include "loadgen/base/payload.hpp"
#include "loadgen/send/flow.hpp"

namespace kudp {

// Sends requests as whole frames by an AF_PACKET socket: they pass by UDP, IP and the queueing
// discipline, and go straight to the device. Each flow's socket stays open, for its port is in the
// frames, and its first datagram shows what the stack makes of one: route, addresses, neighbour.
// What of these changes later is not noticed. Of the thread that makes it.
class PacketOutbox {
 public:
  // Room for `burst` requests. Sends one by each flow, as a pattern. Throws std::runtime_error, one
  // line, where that takes privileges, the target is not reached by Ethernet, or nobody is there.
  PacketOutbox(const Payload& payload, std::size_t burst, const Endpoint& target,
               const std::vector<Flow>& flows);

  int socket() const { return socket_.get(); }

  // Makes the first `count` requests those of a flow, by its place among them, numbered from
  // `first`.
  void stamp(std::size_t count, std::size_t flow, std::uint64_t first);

  // Sends the first `count` requests; returns how many the device took, or -1 with errno.
  int send(std::size_t count);

 private:
  struct Headers {
    std::vector<std::byte> bytes;
    std::uint32_t flow;
  };

  char* frame(std::size_t index) { return &bytes_[index * stride_ + Frame::kAlign]; }

  const Payload& payload_;
  std::vector<Headers> headers_;  // of each flow
  Fd socket_;
  std::size_t stride_ = 0;
  std::vector<char> bytes_;
  std::vector<iovec> slices_;
  std::vector<mmsghdr> messages_;
};

}  // namespace kudp
