// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loadgen/base/clock.hpp"

namespace kudp {

// When a datagram came, 0 where that is not known.
struct Arrival {
  std::int64_t seen = 0;  // by the kernel, in time of our clock
  std::int64_t card = 0;  // by the network card, in time of its clock
};

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
    if (controls_.empty()) {
      for (std::size_t i = 0; i < count; ++i, data += stride_, ++message)
        take(data, std::size_t{message->msg_len}, Arrival{});
      return count;
    }
    std::size_t datagrams = 0;
    const auto ahead = timestamps_ ? now_ns(CLOCK_REALTIME) - now_ns() : 0;
    for (std::size_t i = 0; i < count; ++i, data += stride_, ++message) {
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
    Arrival arrived;
  };

  // `ahead` is by how much the clock of the time stamps is ahead of ours.
  static About read_control(const mmsghdr& message, std::int64_t ahead);

  bool timestamps_;
  std::size_t stride_;
  std::vector<std::byte> bytes_;
  std::vector<iovec> slices_;
  std::vector<Control> controls_;
  std::vector<mmsghdr> messages_;
};

}  // namespace kudp
