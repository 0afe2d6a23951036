// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/base/payload.hpp"

namespace kudp {

// Reads from a socket's error queue when requests left. The kernel gives back the whole frame, so
// the request in it tells which one it was: once with the kernel's own time, once with the network
// card's if that tells.
class StampReader {
 public:
  struct Left {
    std::uint64_t sequence;
    std::int64_t time;  // by our clock; 0 where the card's is told
    std::int64_t card;  // by the card's clock; 0 where the kernel's is told
  };

  explicit StampReader(const Payload& payload);

  // The next request that left by this flow; nothing where no more is known.
  std::optional<Left> read(int socket, std::uint32_t flow);

 private:
  const Payload& payload_;
  std::vector<std::byte> frame_;
};

}  // namespace kudp
