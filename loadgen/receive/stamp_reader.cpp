// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/receive/stamp_reader.hpp"

#include <sys/socket.h>

#include "loadgen/base/clock.hpp"
#include "loadgen/receive/stamp_times.hpp"

namespace kudp {
namespace {

// More than link, IP and UDP headers can have.
constexpr std::size_t kHeaders = 256;

StampTimes times_in(msghdr& message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control;
       control = CMSG_NXTHDR(&message, control))
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPING)
      return read_times(control);
  return {};
}

}  // namespace

StampReader::StampReader(const Payload& payload)
    : payload_(payload), frame_(payload.size() + kHeaders) {}

std::optional<StampReader::Left> StampReader::read(int socket, std::uint32_t flow) {
  for (;;) {
    alignas(cmsghdr) char control[512];
    iovec slice{frame_.data(), frame_.size()};
    msghdr message{};
    message.msg_iov = &slice;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const auto bytes = recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (bytes < 0) return std::nullopt;
    const auto size = payload_.size();
    const auto length = static_cast<std::size_t>(bytes);
    const auto times = times_in(message);
    if (length < size || message.msg_flags & MSG_TRUNC) continue;
    const auto found = payload_.match(&frame_[length - size], size, flow);
    if (found.match != Payload::Match::ours) continue;
    const auto ahead = now_ns(CLOCK_REALTIME) - now_ns();
    return Left{found.sequence, times.software == 0 ? 0 : times.software - ahead, times.card};
  }
}

}  // namespace kudp
