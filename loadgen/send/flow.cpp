// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/send/flow.hpp"

#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <iterator>

#include "loadgen/base/fail.hpp"
#include "loadgen/base/socket.hpp"

namespace kudp {
namespace {

constexpr int kBufferBytes = 8 << 20;

void allow_descriptors() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void set_options(int socket, const FlowOptions& options) {
  if (options.segment > 0)
    set_option(socket, IPPROTO_UDP, UDP_SEGMENT, static_cast<int>(options.segment), "UDP_SEGMENT");
  if (options.gro) set_option(socket, IPPROTO_UDP, UDP_GRO, 1, "UDP_GRO");
  if (options.timestamps)
    set_option(socket, SOL_SOCKET, SO_TIMESTAMPING,
               SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                   SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE |
                   SOF_TIMESTAMPING_OPT_TX_SWHW,
               "SO_TIMESTAMPING");
}

Fd open_socket(const Endpoint& target, const FlowOptions& options) {
  Fd socket = open_udp(target, SOCK_NONBLOCK);
  set_receive_buffer(socket.get(), kBufferBytes);
  set_send_buffer(socket.get(), kBufferBytes);
  set_options(socket.get(), options);
  connect_to(socket, target, "connect to ");
  return socket;
}

}  // namespace

std::vector<Flow> open_flows(const Endpoint& target, std::size_t count,
                             const FlowOptions& options) {
  allow_descriptors();
  std::vector<Flow> flows;
  flows.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    flows.push_back({open_socket(target, options), static_cast<std::uint32_t>(i)});
  return flows;
}

std::vector<Flow> share_of(std::vector<Flow>& flows, std::size_t thread, std::size_t threads) {
  const auto at = [&](std::size_t index) {
    return std::make_move_iterator(flows.begin() +
                                   static_cast<long>(flows.size() * index / threads));
  };
  return {at(thread), at(thread + 1)};
}

// What icmp_err_convert() and icmpv6_err_convert() make of one, and of a router that wants shorter
// datagrams.
bool is_refusal(int error) {
  switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EACCES:
    case EPROTO:
    case EMSGSIZE:
      return true;
    default:
      return false;
  }
}

std::uint64_t dropped_at(const std::vector<Flow>& flows) {
  std::uint64_t dropped = 0;
  for (const Flow& flow : flows) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t length = sizeof memory;
    if (getsockopt(flow.socket.get(), SOL_SOCKET, SO_MEMINFO, memory.data(), &length))
      fail("SO_MEMINFO");
    dropped += memory[SK_MEMINFO_DROPS];
  }
  return dropped;
}

}  // namespace kudp
