// SPDX-License-Identifier: GPL-2.0-only
// Frames that kudp-load sees leave this host: one that it takes for a datagram is one, and can be
// given a checksum.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "loadgen/frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto headers = kudp::udp_headers(bytes);
  if (headers == 0) return 0;
  if (headers > size) std::abort();
  std::vector<char> room(size + 2);  // aligned as a frame has to be
  std::memcpy(&room[2], data, size);
  kudp::Frame frame(&room[2]);
  if (frame.payload() != &room[2 + headers] || headers + frame.payload_bytes() > size) std::abort();
  frame.seal();
  return 0;
}
