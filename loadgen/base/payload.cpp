// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/payload.hpp"

namespace kudp {

Payload::Payload(std::size_t size, std::uint64_t key) : size_(size), key_(key), image_(size) {
  // 251 is prime, so bytes that were moved by a power of two do not go unnoticed.
  for (std::size_t i = kSmallest; i < size; ++i) image_[i] = static_cast<std::byte>(i % 251 + 1);
}

void Payload::fill(std::byte* request) const {
  std::memcpy(request, image_.data(), size_);
}

Payload::Match Payload::mismatch(const std::byte* reply, std::size_t length) const {
  Header header;
  if (length < sizeof header) return Match::foreign;
  std::memcpy(&header, reply, sizeof header);
  return header.check == check(key_, header.flow, header.sequence) ? Match::corrupt
                                                                   : Match::foreign;
}

}  // namespace kudp
