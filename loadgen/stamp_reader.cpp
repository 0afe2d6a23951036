// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/stamp_reader.hpp"

#include <sys/socket.h>

#include <cstring>

#include "loadgen/clock.hpp"

namespace kudp {
namespace {

// More than link, IP and UDP headers can have.
constexpr std::size_t kHeaders = 256;

std::int64_t software_time(msghdr& message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control;
       control = CMSG_NXTHDR(&message, control))
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPING) {
      timespec time;
      std::memcpy(&time, CMSG_DATA(control), sizeof time);
      return time.tv_sec * kSecond + time.tv_nsec;
    }
  return 0;
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
    const auto time = software_time(message);
    if (time == 0 || length < size || message.msg_flags & MSG_TRUNC) continue;
    const auto found = payload_.match(&frame_[length - size], size, flow);
    if (found.match != Payload::Match::ours) continue;
    // The kernel's time is CLOCK_REALTIME.
    return Left{found.sequence, time - (now_ns(CLOCK_REALTIME) - now_ns())};
  }
}

}  // namespace kudp
