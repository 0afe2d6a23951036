// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/ballast.hpp"

#include <vector>

#include "loadgen/base/endpoint.hpp"

namespace kudp::cost {
namespace {

constexpr int kPort = 20001;
constexpr int kDatagrams = 3000;
constexpr int kRoom = 32 << 20;

Fd open_socket(int family) {
  Fd fd(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) throw std::system_error(errno, std::generic_category(), "socket");
  return fd;
}

}  // namespace

Ballast::Ballast(const Load& load, const Namespace& where) {
  const Endpoint address = resolve(with_port(Network::client_address(load.family, 0), kPort));
  where.run([&] {
    receiver_ = open_socket(address.family());
    sender_ = open_socket(address.family());
  });
  if (setsockopt(receiver_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kRoom, sizeof kRoom) ||
      bind(receiver_.get(), address.data(), address.length) ||
      connect(sender_.get(), address.data(), address.length))
    throw std::system_error(errno, std::generic_category(), "ballast");
  const std::vector<char> datagram(load.size * load.segments);
  for (int i = 0; i < kDatagrams; ++i)
    if (send(sender_.get(), datagram.data(), datagram.size(), 0) < 0)
      throw std::system_error(errno, std::generic_category(), "ballast");
}

}  // namespace kudp::cost
