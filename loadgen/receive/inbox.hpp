// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loadgen/receive/timestamps.hpp"

namespace kudp {

// Room for one batch of datagrams, as recvmmsg wants it.
class Inbox {
 public:
  struct Options {
    bool gro = false;         // the sockets have UDP_GRO: a message may be a super-packet
    bool timestamps = false;  // they have SO_TIMESTAMPING: a message carries its arrival
  };

  // `count` messages of datagrams of `size` bytes; of a longer one `size` + 1 bytes are seen.
  Inbox(std::size_t count, std::size_t size, Options options);

  std::size_t count() const { return messages_.size(); }

  // Takes what has arrived at the socket; returns the number of messages, or -1 with errno.
  int receive(int socket);

  // Calls take(data, length, arrived) for each datagram of the last receive(), which gave `count`
  // messages. Returns the number of calls.
  template <class Take>
  std::size_t for_each(std::size_t count, Take&& take) const {
    const std::byte* data = bytes_.data();
    const mmsghdr* message = messages_.data();
    const mmsghdr* const end = message + count;
    const auto stride = stride_;  // what a reply changes could be this one, for the compiler
    if (controls_.empty()) {
      for (; message != end; data += stride, ++message)
        take(data, std::size_t{message->msg_len}, Timestamp{});
      return count;
    }
    std::size_t datagrams = 0;
    const auto ahead = timestamps_ ? stamps_ahead() : 0;
    for (; message != end; data += stride, ++message) {
      std::size_t rest = message->msg_len;
      auto [segment, arrived] = read_control(*message, ahead);
      const std::byte* at = data;
      // An empty datagram is one, too.
      do {
        const auto length = rest < segment ? rest : segment;
        take(at, length, arrived);
        ++datagrams;
        arrived.card = 0;  // of a super-packet it is the first one's alone
        at += length;
        rest -= length;
      } while (rest > 0);
    }
    return datagrams;
  }

 private:
  // Room for a segment size and the three times of SCM_TIMESTAMPING.
  struct alignas(cmsghdr) Control {
    char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(3 * sizeof(timespec))];
  };

  struct About {
    std::size_t segment;
    Timestamp arrived;
  };

  // `ahead` is stamps_ahead().
  static About read_control(const mmsghdr& message, std::int64_t ahead);

  bool timestamps_;
  std::size_t stride_;
  std::vector<std::byte> bytes_;
  std::vector<iovec> slices_;
  std::vector<Control> controls_;
  std::vector<mmsghdr> messages_;
};

}  // namespace kudp
