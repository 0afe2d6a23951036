// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "loadgen/base/payload.hpp"
#include "loadgen/send/flow.hpp"

namespace kudp {

// The requests of one burst, as sendmmsg wants them. With more than one segment to a message they
// lie side by side, and a socket with UDP_SEGMENT cuts the message up again.
class Outbox {
 public:
  // Room for `burst` requests; `segments` of them share a message. With `timestamps` the kernel is
  // asked to tell by the socket's error queue when the first message of each burst left.
  Outbox(const Payload& payload, std::size_t burst, std::size_t segments, bool timestamps = false);

  // Numbers the first `count` requests from `first`.
  void stamp(std::size_t count, std::uint32_t flow, std::uint64_t first) {
    payload_.stamp(bytes_.data(), count, stride_, flow, first);
  }

  // The bytes of one of them.
  std::span<const std::byte> request(std::size_t index) const {
    return {&bytes_[index * stride_], payload_.size()};
  }

  // Sends the first `count` requests by a flow, numbered from `first`; returns how many the kernel
  // took, or -1 with errno.
  int send(const Flow& flow, std::size_t count, std::uint64_t first);

 private:
  struct alignas(cmsghdr) Control {
    char bytes[CMSG_SPACE(sizeof(std::uint32_t))];
  };

  const Payload& payload_;
  std::size_t segments_;
  std::size_t stride_;
  std::vector<std::byte> bytes_;
  std::vector<iovec> slices_;
  Control control_{};
  std::vector<mmsghdr> messages_;
};

}  // namespace kudp
