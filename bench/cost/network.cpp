// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/network.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cstdio>
#include <iterator>
#include <stdexcept>

namespace kudp::cost {
namespace {

constexpr const char* kServerMac = "52:54:00:6b:75:11";
constexpr const char* kClientMac = "52:54:00:6b:75:12";

// One process for many commands: in an emulated guest, starting it is what takes time.
void ip_batch(const std::string& commands) {
  std::FILE* const pipe = popen("ip -batch -", "we");
  if (!pipe) throw std::system_error(errno, std::generic_category(), "ip");
  std::fputs(commands.c_str(), pipe);
  if (pclose(pipe) != 0) throw std::runtime_error("ip -batch: the network cannot be set up");
}

std::string server_commands(const Namespace& client, std::size_t clients) {
  auto text = fmt::format(
      "link add {0} address {1} type veth peer name {2} address {3} netns /proc/{4}/fd/{5}\n"
      "link set {0} addrgenmode none\n"
      "link set {0} up\n"
      "link set lo up\n",
      Network::kServerDevice, kServerMac, Network::kClientDevice, kClientMac, getpid(),
      client.fd());
  const auto to = std::back_inserter(text);
  for (const int family : {4, 6}) {
    fmt::format_to(to, "addr add {}/{} dev {} {}\n", Network::server_address(family),
                   family == 4 ? 24 : 64, Network::kServerDevice, family == 4 ? "" : "nodad");
    for (std::size_t flow = 0; flow < clients; ++flow)
      fmt::format_to(to, "neigh add {} lladdr {} dev {}\n", Network::client_address(family, flow),
                     kClientMac, Network::kServerDevice);
  }
  return text;
}

std::string client_commands(std::size_t clients) {
  auto text = fmt::format("link set {0} addrgenmode none\nlink set {0} up\nlink set lo up\n",
                          Network::kClientDevice);
  const auto to = std::back_inserter(text);
  for (const int family : {4, 6}) {
    for (std::size_t flow = 0; flow < clients; ++flow)
      fmt::format_to(to, "addr add {}/{} dev {} {}\n", Network::client_address(family, flow),
                     family == 4 ? 24 : 64, Network::kClientDevice, family == 4 ? "" : "nodad");
    fmt::format_to(to, "neigh add {0} lladdr {1} dev {4}\nneigh add {2} lladdr {3} dev {4}\n",
                   Network::server_address(family), kServerMac, Network::nobodys_address(family),
                   Network::kNobodysMac, Network::kClientDevice);
  }
  return text;
}

Fd new_namespace() {
  return std::async(std::launch::async,
                    [] {
                      if (unshare(CLONE_NEWNET))
                        throw std::system_error(errno, std::generic_category(),
                                                "a network namespace cannot be made");
                      return Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
                    })
      .get();
}

}  // namespace

Namespace::Namespace() : fd_(new_namespace()) {
  if (fd() < 0) throw std::system_error(errno, std::generic_category(), "/proc/thread-self/ns/net");
}

Network::Network(std::size_t clients) {
  server_.run([&] { ip_batch(server_commands(client_, clients)); });
  client_.run([&] { ip_batch(client_commands(clients)); });
}

std::string Network::server_address(int family) {
  return family == 4 ? "198.18.2.1" : "fd00:6b75:6470:2::1";
}

std::string Network::nobodys_address(int family) {
  return family == 4 ? "198.18.2.2" : "fd00:6b75:6470:2::2";
}

std::string Network::client_address(int family, std::size_t flow) {
  return family == 4 ? fmt::format("198.18.2.{}", 100 + flow)
                     : fmt::format("fd00:6b75:6470:2::{:x}", 0x100 + flow);
}

std::string with_port(const std::string& address, int port) {
  return address.find(':') == address.npos ? fmt::format("{}:{}", address, port)
                                           : fmt::format("[{}]:{}", address, port);
}

}  // namespace kudp::cost
