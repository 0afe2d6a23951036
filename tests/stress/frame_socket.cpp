// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/frame_socket.hpp"

#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace kudp::stress {

FrameSocket::FrameSocket(const std::string& device)
    : plain_(socket(AF_PACKET, SOCK_RAW, 0)), offloading_(socket(AF_PACKET, SOCK_RAW, 0)) {
  to_.sll_family = AF_PACKET;
  to_.sll_ifindex = if_nametoindex(device.c_str());
  const int on = 1;
  if (setsockopt(offloading_.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on))
    throw std::system_error(errno, std::generic_category(), "PACKET_VNET_HDR");
}

int FrameSocket::send(const Frame& frame) const {
  std::string bytes = frame.bytes;
  if (frame.offload)
    bytes.insert(0, reinterpret_cast<const char*>(&*frame.offload), sizeof *frame.offload);
  return sendto((frame.offload ? offloading_ : plain_).get(), bytes.data(), bytes.size(), 0,
                reinterpret_cast<const sockaddr*>(&to_), sizeof to_) < 0
             ? errno
             : 0;
}

}  // namespace kudp::stress
