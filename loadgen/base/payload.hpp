// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace kudp {

// What a request carries: a header and a pattern that fills it up to its size. Nobody but us reads
// the header, so it is in host byte order.
class Payload {
 public:
  static constexpr std::size_t kSmallest = 16;

  enum class Match : std::uint8_t {
    ours,     // what was sent, byte for byte
    corrupt,  // the header is ours, but the length, the pattern or the flow is not
    foreign,  // not even the header
  };

  struct Found {
    Match match;
    std::uint64_t sequence;  // where the match is `ours`
  };

  // `key` tells this run's requests from any other's; `size` is at least kSmallest.
  Payload(std::size_t size, std::uint64_t key);

  std::size_t size() const { return size_; }

  // Writes all that is the same in every request; stamp() adds the rest.
  void fill(std::byte* request) const;

  // Writes the headers of `count` requests, `stride` bytes apart, numbered from `first`.
  void stamp(std::byte* requests, std::size_t count, std::size_t stride, std::uint32_t flow,
             std::uint64_t first) const {
    const auto key = key_;  // a store of bytes could change a member, for all the compiler knows
    for (std::size_t i = 0; i < count; ++i, requests += stride) {
      const Header header{check(key, flow, first + i), flow, first + i};
      std::memcpy(requests, &header, sizeof header);
    }
  }

  // Looks at a reply of `length` bytes that came by `flow`.
  Found match(const std::byte* reply, std::size_t length, std::uint32_t flow) const {
    if (length != size_) [[unlikely]]
      return {mismatch(reply, length), 0};
    // Check and flow are compared in one go.
    std::uint64_t sequence;
    std::memcpy(&sequence, reply + offsetof(Header, sequence), sizeof sequence);
    const Header ours{check(key_, flow, sequence), flow, sequence};
    if (std::memcmp(reply, &ours, offsetof(Header, sequence)) != 0 ||
        std::memcmp(reply + kSmallest, image_.data() + kSmallest, size_ - kSmallest) != 0)
        [[unlikely]]
      return {mismatch(reply, length), 0};
    return {Match::ours, sequence};
  }

 private:
  struct Header {
    std::uint32_t check;
    std::uint32_t flow;
    std::uint64_t sequence;
  };
  static_assert(sizeof(Header) == kSmallest);

  // Which of the two a reply is that is not ours.
  Match mismatch(const std::byte* reply, std::size_t length) const;

  // Keeps a damaged or another run's sequence number from being taken for one of ours.
  static std::uint32_t check(std::uint64_t key, std::uint32_t flow, std::uint64_t sequence) {
    return static_cast<std::uint32_t>((sequence ^ key) * 0x9e3779b97f4a7c15 >> 32) ^ flow;
  }

  std::size_t size_;
  std::uint64_t key_;
  std::vector<std::byte> image_;  // of a request, the header left blank
};

}  // namespace kudp
