// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>

namespace kudp {

// Calls visit(control) for each control message (cmsg(3)) of a message that was received.
template <class Visit>
void for_each_control(const msghdr& message, Visit&& visit) {
  auto* const header = const_cast<msghdr*>(&message);  // CMSG_NXTHDR takes no const
  for (cmsghdr* control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control))
    visit(*control);
}

// What a control message holds; nothing where it is of another level or type.
template <class Value>
std::optional<Value> control_value(const cmsghdr& control, int level, int type) {
  if (control.cmsg_level != level || control.cmsg_type != type) return std::nullopt;
  Value value;
  std::memcpy(&value, CMSG_DATA(&control), sizeof value);
  return value;
}

// One datagram, taken by recvmsg(2) with its control messages.
class Message {
 public:
  // Puts it into `room`; returns its length there, or -1 with errno.
  ssize_t receive(int socket, std::span<std::byte> room, int flags) {
    iovec slice{room.data(), room.size()};
    header_ = {};
    header_.msg_iov = &slice;
    header_.msg_iovlen = 1;
    header_.msg_control = control_;
    header_.msg_controllen = sizeof control_;
    const auto length = recvmsg(socket, &header_, flags);
    header_.msg_iov = nullptr;
    return length;
  }

  // It was longer than the room.
  bool truncated() const { return header_.msg_flags & MSG_TRUNC; }

  // What its control message of that level and type holds, if it has one.
  template <class Value>
  std::optional<Value> control(int level, int type) const {
    std::optional<Value> found;
    for_each_control(header_, [&](const cmsghdr& control) {
      if (!found) found = control_value<Value>(control, level, type);
    });
    return found;
  }

 private:
  alignas(cmsghdr) char control_[512];
  msghdr header_{};
};

}  // namespace kudp
