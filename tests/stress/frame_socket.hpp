// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <linux/if_packet.h>

#include <string>

#include "loadgen/base/fd.hpp"
#include "tests/stress/frame.hpp"

namespace kudp::stress {

// Sends frames to a device of the calling thread's namespace.
class FrameSocket {
 public:
  explicit FrameSocket(const std::string& device);

  // Returns 0 or the errno: EINVAL or EMSGSIZE, and it never was a frame; ENOBUFS or ENOMEM, and
  // the device dropped it.
  int send(const Frame& frame) const;

 private:
  sockaddr_ll to_{};
  Fd plain_, offloading_;
};

}  // namespace kudp::stress
