// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

namespace kudp {

// One UDP address and port, IPv4 or IPv6.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&address); }
  int family() const { return address.ss_family; }
  std::string str() const;
};

// Resolves "HOST:PORT", "[IPV6]:PORT" or, where `default_port` is not 0, a bare host.
// Throws std::runtime_error with one line that names the text and what is allowed.
Endpoint resolve(std::string_view text, int default_port = 0);

}  // namespace kudp
