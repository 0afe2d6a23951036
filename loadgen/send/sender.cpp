// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/send/sender.hpp"

#include <poll.h>

#include <cerrno>

#include "loadgen/base/fail.hpp"

namespace kudp {
namespace {

constexpr int kRoomMs = 10;

}  // namespace

Sent Sender::send(std::size_t count, std::uint64_t first) {
  turn_ = turn_ + 1 == flows_.size() ? 0 : turn_ + 1;
  const int taken = put(turn_, count, first);
  if (taken < 0) {
    const int error = errno;
    // A router's wish for shorter datagrams is told once on each flow; our device's refusal always.
    return {0, note_error(error, error == EMSGSIZE && ++too_long_ > flows_.size())};
  }
  too_long_ = 0;
  const auto requests = static_cast<std::size_t>(taken);
  short_sends_ += requests < count;
  return {requests, SendError::none};
}

void Sender::wait_for_room() const {
  pollfd writable{socket_of(turn_), POLLOUT, 0};
  poll(&writable, 1, kRoomMs);
}

SendError Sender::note_error(int error, bool hopeless) {
  if (error == EINTR) return SendError::interrupted;
  if (error == EAGAIN || error == ENOBUFS) {
    ++short_sends_;
    ++no_room_;
    return SendError::no_room;
  }
  if (!is_refusal(error) || hopeless) fail("send", error);
  note_refusal();
  return error == ECONNREFUSED ? SendError::refused : SendError::unreachable;
}

}  // namespace kudp
