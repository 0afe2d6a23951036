// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/receive/inbox.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>

#include "loadgen/base/message.hpp"

namespace kudp {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kLargestMessage = 65535;

}  // namespace

Inbox::Inbox(std::size_t count, std::size_t size, Options options)
    : timestamps_(options.timestamps),
      stride_((std::max(size + 1, options.gro ? kLargestMessage : 0) + kCacheLine - 1) /
              kCacheLine * kCacheLine),
      bytes_(count * stride_),
      slices_(count),
      controls_(options.gro || options.timestamps ? count : 0),
      messages_(count) {
  for (std::size_t i = 0; i < count; ++i) {
    slices_[i] = {&bytes_[i * stride_], options.gro ? kLargestMessage : size + 1};
    messages_[i].msg_hdr.msg_iov = &slices_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    if (!controls_.empty()) messages_[i].msg_hdr.msg_control = &controls_[i];
  }
}

int Inbox::receive(int socket) {
  // The kernel has overwritten the lengths with those of what it gave last.
  if (!controls_.empty())
    for (mmsghdr& message : messages_) message.msg_hdr.msg_controllen = sizeof(Control);
  return recvmmsg(socket, messages_.data(), static_cast<unsigned>(messages_.size()), MSG_DONTWAIT,
                  nullptr);
}

Inbox::About Inbox::read_control(const mmsghdr& message, std::int64_t ahead) {
  About about{std::max<std::size_t>(message.msg_len, 1), {}};
  for_each_control(message.msg_hdr, [&](const cmsghdr& control) {
    if (const auto size = control_value<int>(control, IPPROTO_UDP, UDP_GRO); size && *size > 0)
      about.segment = static_cast<std::size_t>(*size);
    if (const auto times = control_value<TimestampingValue>(control, SOL_SOCKET, SO_TIMESTAMPING))
      about.arrived = timestamp_of(*times, ahead);
  });
  return about;
}

}  // namespace kudp
