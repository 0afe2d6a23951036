// SPDX-License-Identifier: GPL-2.0-only
// Frames that kudp-load sees leave this host: one that it takes for a datagram is one, and can be
// given a checksum.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "loadgen/base/frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto headers = kudp::udp_headers(bytes);
  if (headers == 0) return 0;
  if (headers > size) std::abort();
  std::vector<char> room(size + kudp::Frame::kAlign);
  char* const at = &room[kudp::Frame::kAlign];
  std::memcpy(at, data, size);
  kudp::Frame frame(at);
  if (frame.payload() != at + headers || headers + frame.payload_bytes() > size) std::abort();
  frame.seal();
  return 0;
}
