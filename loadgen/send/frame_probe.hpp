// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fd.hpp"
#include "loadgen/base/payload.hpp"
#include "loadgen/send/flow.hpp"

namespace kudp {

// What the stack makes of a datagram, to be copied.
struct FrameHeaders {
  std::vector<std::byte> bytes;  // Ethernet's, IP's and UDP's
  int device;                    // the index of the one that it leaves by
};

// Shows what the stack makes of the datagrams of a flow: sends the first one, and watches for it
// among all frames that leave this host.
class FrameProbe {
 public:
  // Throws std::runtime_error, one line, where that takes privileges.
  FrameProbe(const Payload& payload, const Endpoint& target);

  // Sends a request by the flow, again where no frame leaves for 100 ms, for 3 s. Throws
  // std::runtime_error, one line, where none leaves in that time, or not by Ethernet.
  FrameHeaders send_by(const Flow& flow);

 private:
  void send_failed() const;
  std::optional<FrameHeaders> look(in_port_t port);
  bool ends_with_ours(std::span<const std::byte> frame) const;
  [[noreturn]] void refuse_device(int index) const;

  Fd socket_;
  const Endpoint& target_;
  std::vector<std::byte> datagram_;
  std::vector<char> room_;
};

// A raw packet socket, which does not block, for frames of the Ethernet type `protocol`; 0: it
// receives none. Throws std::runtime_error, one line.
Fd open_packet_socket(int protocol);

// Throws std::runtime_error: why frames cannot be sent.
[[noreturn]] void refuse_frames(const std::string& why);

}  // namespace kudp
