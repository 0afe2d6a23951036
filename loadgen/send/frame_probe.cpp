// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/send/frame_probe.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "loadgen/base/clock.hpp"
#include "loadgen/base/fail.hpp"
#include "loadgen/base/frame.hpp"
#include "loadgen/base/socket.hpp"

namespace kudp {
namespace {

constexpr int kTries = 30;
constexpr int kTryMs = 100;

// The stack may not fragment what we would not.
void forbid_fragments(int socket, int family) {
  if (family == AF_INET6)
    set_option(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, "IPV6_MTU_DISCOVER");
  else
    set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, "IP_MTU_DISCOVER");
}

in_port_t port_of(int socket) {
  Endpoint own;
  own.length = sizeof own.address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&own.address), &own.length))
    fail("getsockname");
  return own.family() == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(own.address).sin6_port
                                  : reinterpret_cast<const sockaddr_in&>(own.address).sin_port;
}

}  // namespace

void refuse_frames(const std::string& why) {
  throw std::runtime_error("--backend packet: " + why);
}

Fd open_packet_socket(int protocol) {
  Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
                     htons(static_cast<std::uint16_t>(protocol))));
  if (socket.get() < 0 && errno == EPERM)
    refuse_frames("not permitted; needs root, or CAP_NET_RAW");
  if (socket.get() < 0) fail("AF_PACKET");
  return socket;
}

FrameProbe::FrameProbe(const Payload& payload, const Endpoint& target)
    : socket_(open_packet_socket(ETH_P_ALL)), target_(target), datagram_(payload.size()) {
  payload.fill(datagram_.data());
  room_.resize(Frame::kAlign + Frame::kHeaders6 + datagram_.size() + 1);
}

FrameHeaders FrameProbe::send_by(const Flow& flow) {
  const int socket = flow.socket.get();
  forbid_fragments(socket, target_.family());
  const auto port = port_of(socket);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (::send(socket, datagram_.data(), datagram_.size(), 0) < 0) send_failed();
    const auto until = now_ns() + kTryMs * kMillisecond;
    for (auto now = now_ns(); now < until; now = now_ns()) {
      pollfd readable{socket_.get(), POLLIN, 0};
      if (poll(&readable, 1, static_cast<int>((until - now) / kMillisecond) + 1) <= 0) break;
      if (auto found = look(port)) return std::move(*found);
    }
  }
  refuse_frames(fmt::format("no frame leaves for {}: no neighbour answers there", target_.str()));
}

void FrameProbe::send_failed() const {
  if (errno == EMSGSIZE)
    refuse_frames(
        fmt::format("--size {} does not fit a frame to {}", datagram_.size(), target_.str()));
  if (errno != ECONNREFUSED && errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
    fail(target_.str());
}

std::optional<FrameHeaders> FrameProbe::look(in_port_t port) {
  sockaddr_ll from{};
  socklen_t length = sizeof from;
  char* const data = room_.data() + Frame::kAlign;
  const auto bytes = recvfrom(socket_.get(), data, room_.size() - Frame::kAlign, 0,
                              reinterpret_cast<sockaddr*>(&from), &length);
  if (bytes <= 0 || from.sll_pkttype != PACKET_OUTGOING) return std::nullopt;
  const std::span frame(reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(bytes));
  if (!ends_with_ours(frame)) return std::nullopt;
  if (from.sll_hatype != ARPHRD_ETHER) refuse_device(from.sll_ifindex);
  const auto headers = udp_headers(frame);
  if (headers == 0 || Frame(data).source_port() != port) return std::nullopt;
  return FrameHeaders{{frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(headers)},
                      from.sll_ifindex};
}

bool FrameProbe::ends_with_ours(std::span<const std::byte> frame) const {
  return frame.size() >= datagram_.size() &&
         std::ranges::equal(frame.last(datagram_.size()), datagram_);
}

void FrameProbe::refuse_device(int index) const {
  char name[IF_NAMESIZE] = "?";
  if_indextoname(static_cast<unsigned>(index), name);
  refuse_frames(fmt::format("{} is reached by {}, want an Ethernet device", target_.str(), name));
}

}  // namespace kudp
