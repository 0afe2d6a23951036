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

  void stamp(std::byte* request, std::uint32_t flow, std::uint64_t sequence) const {
    const Header header{check(flow, sequence), flow, sequence};
    std::memcpy(request, &header, sizeof header);
  }

  // Looks at a reply of `length` bytes that came by `flow`.
  Found match(const std::byte* reply, std::size_t length, std::uint32_t flow) const {
    Header header;
    if (length < sizeof header) return {Match::foreign, 0};
    std::memcpy(&header, reply, sizeof header);
    if (header.check != check(header.flow, header.sequence)) return {Match::foreign, 0};
    if (length != size_ || header.flow != flow ||
        std::memcmp(reply + sizeof header, image_.data() + sizeof header, size_ - sizeof header) !=
            0)
      return {Match::corrupt, 0};
    return {Match::ours, header.sequence};
  }

 private:
  struct Header {
    std::uint32_t check;
    std::uint32_t flow;
    std::uint64_t sequence;
  };
  static_assert(sizeof(Header) == kSmallest);

  // Keeps a damaged or another run's sequence number from being taken for one of ours.
  std::uint32_t check(std::uint32_t flow, std::uint64_t sequence) const {
    return static_cast<std::uint32_t>((sequence ^ key_) * 0x9e3779b97f4a7c15 >> 32) ^ flow;
  }

  std::size_t size_;
  std::uint64_t key_;
  std::vector<std::byte> image_;  // of a request, the header left blank
};

}  // namespace kudp
