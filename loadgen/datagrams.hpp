// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <vector>

namespace kudp {

// Buffers of equal size with the headers that sendmmsg and recvmmsg want, for connected sockets.
class Datagrams {
 public:
  Datagrams(std::size_t count, std::size_t size);

  std::size_t count() const { return headers_.size(); }
  mmsghdr* headers() { return headers_.data(); }
  std::byte* data(std::size_t i) { return bytes_.data() + i * stride_; }

  // What recvmmsg said the length of datagram `i` is.
  std::size_t length(std::size_t i) const { return headers_[i].msg_len; }

 private:
  std::size_t stride_;
  std::vector<std::byte> bytes_;
  std::vector<iovec> slices_;
  std::vector<mmsghdr> headers_;
};

}  // namespace kudp
