// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline/socket.hpp"

#include <fmt/format.h>
#include <linux/filter.h>

#include <cstdint>
#include <limits>
#include <system_error>

namespace kudp::baseline {
namespace {

template <typename Value>
bool try_option(int fd, int level, int name, const Value& value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

template <typename Value>
void set_option(int fd, int level, int name, const Value& value, const char* what) {
  if (!try_option(fd, level, name, value))
    throw std::system_error(errno, std::generic_category(), what);
}

// The forced sizes ignore net.core.{r,w}mem_max but need CAP_NET_ADMIN.
void set_buffers(int fd, int bytes) {
  if (!try_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes))
    set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes, "SO_RCVBUF");
  if (!try_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes))
    set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes, "SO_SNDBUF");
}

void report_asked_address(int fd, int family) {
  if (family == AF_INET) return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
  set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0, "IPV6_V6ONLY");
  set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
}

Fd open_socket(const Endpoint& endpoint, int buffer_bytes) {
  Fd socket(::socket(endpoint.family(), SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP));
  if (socket.get() < 0) throw std::system_error(errno, std::generic_category(), "socket");
  set_buffers(socket.get(), buffer_bytes);
  if (is_wildcard(endpoint)) report_asked_address(socket.get(), endpoint.family());
  return socket;
}

void bind_socket(const Fd& socket, const Endpoint& endpoint) {
  if (bind(socket.get(), endpoint.data(), endpoint.length))
    throw std::system_error(errno, std::generic_category(), endpoint.str());
}

// Returns the index in the group of the socket for the CPU that runs the program.
std::vector<sock_filter> steering_program(const std::vector<int>& cpus) {
  constexpr auto kOutsideGroup = std::numeric_limits<std::uint32_t>::max();
  std::vector<sock_filter> program{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_CPU))};
  bool index_is_cpu = true;
  for (std::size_t i = 0; i < cpus.size(); ++i) index_is_cpu &= cpus[i] == static_cast<int>(i);
  if (index_is_cpu) {
    program.push_back(BPF_STMT(BPF_RET | BPF_A, 0));
    return program;
  }
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    program.push_back(
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(cpus[i]), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, static_cast<std::uint32_t>(i)));
  }
  // An index no socket has makes the kernel fall back to its flow hash.
  program.push_back(BPF_STMT(BPF_RET | BPF_K, kOutsideGroup));
  return program;
}

}  // namespace

bool is_wildcard(const Endpoint& endpoint) {
  if (endpoint.family() == AF_INET)
    return reinterpret_cast<const sockaddr_in&>(endpoint.address).sin_addr.s_addr == INADDR_ANY;
  return IN6_IS_ADDR_UNSPECIFIED(
      &reinterpret_cast<const sockaddr_in6&>(endpoint.address).sin6_addr);
}

std::vector<Fd> bind_group(const Endpoint& endpoint, std::size_t count, int buffer_bytes) {
  std::vector<Fd> group;
  // The first socket is bound before it allows sharing: else it would silently join a group that
  // another server has on this port, and share its traffic.
  group.push_back(open_socket(endpoint, buffer_bytes));
  bind_socket(group[0], endpoint);
  const Endpoint bound = local_endpoint(group[0]);
  if (count > 1) set_option(group[0].get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
  while (group.size() < count) {
    group.push_back(open_socket(bound, buffer_bytes));
    set_option(group.back().get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
    bind_socket(group.back(), bound);
  }
  return group;
}

void steer_by_cpu(const std::vector<Fd>& group, const std::vector<int>& cpus) {
  if (group.size() < 2) return;  // nothing to choose from
  auto program = steering_program(cpus);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  set_option(group[0].get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, filter,
             "SO_ATTACH_REUSEPORT_CBPF");
}

Endpoint local_endpoint(const Fd& socket) {
  Endpoint endpoint;
  endpoint.length = sizeof endpoint.address;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&endpoint.address), &endpoint.length))
    throw std::system_error(errno, std::generic_category(), "getsockname");
  return endpoint;
}

int receive_buffer(const Fd& socket) {
  int bytes = 0;
  socklen_t length = sizeof bytes;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &bytes, &length))
    throw std::system_error(errno, std::generic_category(), "SO_RCVBUF");
  return bytes / 2;  // the kernel doubles what it is given, for its own bookkeeping
}

}  // namespace kudp::baseline
