// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/receive/inbox.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

#include "loadgen/receive/stamp_times.hpp"

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
  auto* const header = const_cast<msghdr*>(&message.msg_hdr);  // CMSG_NXTHDR takes no const
  for (cmsghdr* control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
      int segment;
      std::memcpy(&segment, CMSG_DATA(control), sizeof segment);
      if (segment > 0) about.segment = static_cast<std::size_t>(segment);
    } else if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPING) {
      const StampTimes times = read_times(control);
      if (times.software != 0) about.arrived.seen = times.software - ahead;
      about.arrived.card = times.card;
    }
  }
  return about;
}

}  // namespace kudp
