// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/send/packet_backend.hpp"

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <system_error>

#include "loadgen/base/clock.hpp"

namespace kudp {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr int kBufferBytes = 8 << 20;
constexpr int kTries = 30;
constexpr int kTryMs = 100;

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
  throw std::runtime_error("--backend packet: " + fmt::format(format, std::forward<Args>(args)...));
}

void set_option(const Fd& socket, int level, int option, int value, const char* name) {
  if (setsockopt(socket.get(), level, option, &value, sizeof value))
    throw std::system_error(errno, std::generic_category(), name);
}

// `protocol`: of the frames that the socket receives; 0: none.
Fd open_packet_socket(int protocol) {
  Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
                     htons(static_cast<std::uint16_t>(protocol))));
  if (socket.get() < 0 && errno == EPERM) refuse("not permitted; needs root, or CAP_NET_RAW");
  if (socket.get() < 0) throw std::system_error(errno, std::generic_category(), "AF_PACKET");
  return socket;
}

// The stack may not fragment what we would not.
void forbid_fragments(const Fd& socket, int family) {
  if (family == AF_INET6)
    set_option(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, "IPV6_MTU_DISCOVER");
  else
    set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, "IP_MTU_DISCOVER");
}

in_port_t port_of(const Fd& socket) {
  Endpoint own;
  own.length = sizeof own.address;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own.address), &own.length))
    throw std::system_error(errno, std::generic_category(), "getsockname");
  return own.family() == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(own.address).sin6_port
                                  : reinterpret_cast<const sockaddr_in&>(own.address).sin_port;
}

struct Found {
  std::vector<std::byte> headers;
  int device;
};

// Watches what leaves this host for the first datagram of a flow.
class Probe {
 public:
  Probe(const Payload& payload, const Endpoint& target)
      : socket_(open_packet_socket(ETH_P_ALL)), target_(target), datagram_(payload.size()) {
    payload.fill(datagram_.data());
    room_.resize(Frame::kAlign + Frame::kHeaders6 + datagram_.size() + 1);
  }

  Found send_by(const Fd& flow) {
    const auto port = port_of(flow);
    for (int attempt = 0; attempt < kTries; ++attempt) {
      if (::send(flow.get(), datagram_.data(), datagram_.size(), 0) < 0) send_failed();
      const auto until = now_ns() + kTryMs * kMillisecond;
      for (auto now = now_ns(); now < until; now = now_ns()) {
        pollfd readable{socket_.get(), POLLIN, 0};
        if (poll(&readable, 1, static_cast<int>((until - now) / kMillisecond) + 1) <= 0) break;
        if (auto found = look(port)) return std::move(*found);
      }
    }
    refuse("no frame leaves for {}: no neighbour answers there", target_.str());
  }

 private:
  void send_failed() const {
    if (errno == EMSGSIZE)
      refuse("--size {} does not fit a frame to {}", datagram_.size(), target_.str());
    if (errno != ECONNREFUSED && errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), target_.str());
  }

  std::optional<Found> look(in_port_t port) {
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    char* const data = room_.data() + Frame::kAlign;
    const auto bytes = recvfrom(socket_.get(), data, room_.size() - Frame::kAlign, 0,
                                reinterpret_cast<sockaddr*>(&from), &length);
    if (bytes <= 0 || from.sll_pkttype != PACKET_OUTGOING) return std::nullopt;
    const std::span frame(reinterpret_cast<const std::byte*>(data),
                          static_cast<std::size_t>(bytes));
    if (!ends_with_ours(frame)) return std::nullopt;
    if (from.sll_hatype != ARPHRD_ETHER) refuse_device(from.sll_ifindex);
    const auto headers = udp_headers(frame);
    if (headers == 0 || Frame(data).source_port() != port) return std::nullopt;
    return Found{{frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(headers)},
                 from.sll_ifindex};
  }

  bool ends_with_ours(std::span<const std::byte> frame) const {
    return frame.size() >= datagram_.size() &&
           std::ranges::equal(frame.last(datagram_.size()), datagram_);
  }

  [[noreturn]] void refuse_device(int index) const {
    char name[IF_NAMESIZE] = "?";
    if_indextoname(static_cast<unsigned>(index), name);
    refuse("{} is reached by {}, want an Ethernet device", target_.str(), name);
  }

  Fd socket_;
  const Endpoint& target_;
  std::vector<std::byte> datagram_;
  std::vector<char> room_;
};

Fd open_sending_socket(int device) {
  Fd socket = open_packet_socket(0);
  set_option(socket, SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
  if (setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kBufferBytes, sizeof kBufferBytes))
    set_option(socket, SOL_SOCKET, SO_SNDBUF, kBufferBytes, "SO_SNDBUF");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = device;
  if (bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address))
    throw std::system_error(errno, std::generic_category(), "bind to the device");
  return socket;
}

}  // namespace

PacketOutbox::PacketOutbox(const Payload& payload, std::size_t burst, const Endpoint& target,
                           const std::vector<Flow>& flows)
    : payload_(payload) {
  Probe probe(payload, target);
  int device = 0;
  for (const Flow& flow : flows) {
    forbid_fragments(flow.socket, target.family());
    Found found = probe.send_by(flow.socket);
    if (device != 0 && found.device != device)
      refuse("{} is reached by more than one device", target.str());
    device = found.device;
    headers_.push_back({std::move(found.headers), flow.id});
  }
  socket_ = open_sending_socket(device);

  const std::size_t length = headers_.at(0).bytes.size() + payload.size();
  stride_ = (Frame::kAlign + length + kCacheLine - 1) / kCacheLine * kCacheLine;
  bytes_.resize(burst * stride_);
  slices_.resize(burst);
  messages_.resize(burst);
  for (std::size_t i = 0; i < burst; ++i) {
    payload.fill(reinterpret_cast<std::byte*>(frame(i) + length - payload.size()));
    slices_[i] = {frame(i), length};
    messages_[i].msg_hdr.msg_iov = &slices_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

void PacketOutbox::stamp(std::size_t count, std::size_t flow, std::uint64_t first) {
  const Headers& headers = headers_[flow];
  for (std::size_t i = 0; i < count; ++i)
    std::ranges::copy(std::as_bytes(std::span(headers.bytes)),
                      reinterpret_cast<std::byte*>(frame(i)));
  payload_.stamp(reinterpret_cast<std::byte*>(frame(0) + headers.bytes.size()), count, stride_,
                 headers.flow, first);
  for (std::size_t i = 0; i < count; ++i) Frame(frame(i)).seal();
}

int PacketOutbox::send(std::size_t count) {
  return sendmmsg(socket_.get(), messages_.data(), static_cast<unsigned>(count), 0);
}

}  // namespace kudp
