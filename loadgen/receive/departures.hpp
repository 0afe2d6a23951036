// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/base/message.hpp"
#include "loadgen/base/payload.hpp"
#include "loadgen/receive/timestamps.hpp"

namespace kudp {

// Reads from a socket's error queue when requests left. The kernel gives back the whole frame, so
// the request in it tells which one it was: once with the kernel's own time, once with the network
// card's if that tells.
class Departures {
 public:
  struct Departure {
    std::uint64_t sequence;
    Timestamp left;  // either the kernel's time or the card's; the other is 0
  };

  explicit Departures(const Payload& payload);

  // The next request that left by this flow; nothing where no more is known.
  std::optional<Departure> next(int socket, std::uint32_t flow);

 private:
  const Payload& payload_;
  std::vector<std::byte> frame_;
  Message message_;
};

}  // namespace kudp
