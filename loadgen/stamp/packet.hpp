// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kudp {

// A session sender's packet, RFC 8762 section 4.2.1. Times are nanoseconds of the Unix epoch.
struct StampRequest {
  std::uint32_t sequence = 0;
  std::int64_t t1 = 0;
  std::uint16_t error = 0;  // the error estimate of t1, as it goes into the packet
  std::uint16_t ssid = 0;
};

// What a reflector's packet says, section 4.3.1.
struct StampReply {
  std::uint32_t sequence = 0;   // the request's
  std::uint32_t reflected = 0;  // the reflector's own count, if it is stateful
  std::int64_t t1 = 0;          // left the sender
  std::int64_t t2 = 0;          // arrived at the reflector
  std::int64_t t3 = 0;          // left it
  std::int64_t t4 = 0;          // arrived here; not in the packet
  std::uint16_t error = 0;      // of t2 and t3
  std::uint16_t ssid = 0;
  std::uint8_t ttl = 0;  // TTL or hop limit that the request had when it arrived
};

// Writes a packet; what is beyond its base becomes one Extra Padding TLV (RFC 8972 section 4.1), so
// `packet` is stamp_size() bytes.
void write_stamp(std::span<std::byte> packet, const StampRequest& request);

// The size of a packet with a padding of so many bytes; 0 is none, and no TLV.
std::size_t stamp_size(std::size_t padding);

// Nothing if it is no reflector's packet: too short, or with an error estimate that cannot be.
std::optional<StampReply> read_stamp(std::span<const std::byte> packet);

// An error estimate of a clock that is synchronized, in nanoseconds; nothing if it is not.
std::optional<double> stamp_error_ns(std::uint16_t error);

}  // namespace kudp
