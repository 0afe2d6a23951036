// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/endpoint.hpp"

#include <fmt/format.h>
#include <netdb.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace kudp {
namespace {

struct HostPort {
  std::string host;
  int port;
};

HostPort split(std::string_view text, int default_port) {
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close != text.npos) {
      const auto rest = text.substr(close + 1);
      host = rest.empty() || rest.starts_with(':') ? text.substr(1, close - 1) : "";
      if (rest.starts_with(':')) port = rest.substr(1);
    }
  } else if (const auto colon = text.find(':'); colon != text.npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  int number = port.empty() ? default_port : 0;
  std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || number < 1 || number > 65535 ||
      (!port.empty() && port.find_first_not_of("0123456789") != port.npos))
    throw std::runtime_error(
        fmt::format("{}: want HOST:PORT or [IPV6]:PORT with a port from 1 to 65535", text));
  return {std::string(host), number};
}

}  // namespace

std::string Endpoint::str() const {
  char host[NI_MAXHOST], port[NI_MAXSERV];
  if (getnameinfo(data(), length, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV))
    return "?";
  return family() == AF_INET6 ? fmt::format("[{}]:{}", host, port)
                              : fmt::format("{}:{}", host, port);
}

Endpoint resolve(std::string_view text, int default_port) {
  const auto [host, port] = split(text, default_port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found))
    throw std::runtime_error(fmt::format("{}: {}", host, gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  Endpoint endpoint;
  std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
  endpoint.length = found->ai_addrlen;
  return endpoint;
}

}  // namespace kudp
