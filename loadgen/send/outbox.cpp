// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/send/outbox.hpp"

#include <linux/net_tstamp.h>

#include <algorithm>
#include <cstring>

namespace kudp {
namespace {

constexpr std::size_t kCacheLine = 64;

std::size_t round_up(std::size_t value, std::size_t to) {
  return (value + to - 1) / to * to;
}

}  // namespace

Outbox::Outbox(const Payload& payload, std::size_t burst, std::size_t segments, bool timestamps)
    : payload_(payload),
      segments_(segments),
      stride_(segments > 1 ? payload.size() : round_up(payload.size(), kCacheLine)),
      bytes_(burst * stride_),
      slices_((burst + segments - 1) / segments),
      messages_(slices_.size()) {
  for (std::size_t i = 0; i < burst; ++i) payload.fill(&bytes_[i * stride_]);
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    slices_[i] = {&bytes_[i * segments * stride_], segments * payload.size()};
    messages_[i].msg_hdr.msg_iov = &slices_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
  if (!timestamps) return;
  const std::uint32_t wanted = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_HARDWARE;
  auto* const header = reinterpret_cast<cmsghdr*>(&control_);
  *header = {CMSG_LEN(sizeof wanted), SOL_SOCKET, SO_TIMESTAMPING};
  std::memcpy(CMSG_DATA(header), &wanted, sizeof wanted);
  messages_[0].msg_hdr.msg_control = &control_;
  messages_[0].msg_hdr.msg_controllen = sizeof control_;
}

int Outbox::send(const Flow& flow, std::size_t count, std::uint64_t first) {
  stamp(count, flow.id, first);
  const int socket = flow.socket.get();
  if (segments_ == 1) return sendmmsg(socket, messages_.data(), static_cast<unsigned>(count), 0);
  const auto messages = (count + segments_ - 1) / segments_;
  auto& last = slices_[messages - 1].iov_len;
  const auto full = last;
  last = (count - (messages - 1) * segments_) * stride_;
  const int sent = sendmmsg(socket, messages_.data(), static_cast<unsigned>(messages), 0);
  last = full;
  return sent < 0 ? sent
                  : static_cast<int>(std::min(count, static_cast<std::size_t>(sent) * segments_));
}

}  // namespace kudp
