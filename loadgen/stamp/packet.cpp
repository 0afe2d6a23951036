// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/stamp/packet.hpp"

#include <algorithm>
#include <cmath>

#include "kmod/stamp.h"
#include "loadgen/base/clock.hpp"

namespace kudp {
namespace {

void put_time(unsigned char* field, std::int64_t ns) {
  kudp_stamp_put_time(field, static_cast<unsigned>(ns / kSecond),
                      static_cast<unsigned>(ns % kSecond));
}

// 2^-32 s are a quarter of a nanosecond: to the nearest. A time before 1968 is one after 2036.
std::int64_t get_time(const unsigned char* field) {
  const std::uint32_t seconds = kudp_get32(field) - KUDP_STAMP_NTP_EPOCH;
  const std::uint64_t fraction = kudp_get32(field + 4);
  return std::int64_t{seconds} * kSecond +
         static_cast<std::int64_t>((fraction * kSecond + (std::uint64_t{1} << 31)) >> 32);
}

}  // namespace

std::size_t stamp_size(std::size_t padding) {
  return KUDP_STAMP_BASE + (padding == 0 ? 0 : KUDP_STAMP_TLV_HEADER + padding);
}

void write_stamp(std::span<std::byte> packet, const StampRequest& request) {
  std::ranges::fill(packet, std::byte{});
  auto* const bytes = reinterpret_cast<unsigned char*>(packet.data());
  kudp_put32(bytes + KUDP_STAMP_SEQUENCE, request.sequence);
  put_time(bytes + KUDP_STAMP_TIMESTAMP, request.t1);
  kudp_put16(bytes + KUDP_STAMP_ERROR, request.error);
  kudp_put16(bytes + KUDP_STAMP_SSID, request.ssid);
  if (packet.size() <= KUDP_STAMP_BASE) return;
  unsigned char* const tlv = bytes + KUDP_STAMP_BASE;
  tlv[0] = KUDP_STAMP_TLV_UNRECOGNIZED;  // as a sender has to, RFC 8972 section 4
  tlv[1] = KUDP_STAMP_TLV_PADDING;
  kudp_put16(tlv + 2,
             static_cast<unsigned>(packet.size() - KUDP_STAMP_BASE - KUDP_STAMP_TLV_HEADER));
}

std::optional<StampReply> read_stamp(std::span<const std::byte> packet) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(packet.data());
  if (packet.size() < KUDP_STAMP_BASE) return std::nullopt;
  StampReply reply;
  reply.sequence = kudp_get32(bytes + KUDP_STAMP_SENDER_SEQUENCE);
  reply.reflected = kudp_get32(bytes + KUDP_STAMP_SEQUENCE);
  reply.t1 = get_time(bytes + KUDP_STAMP_SENDER_TIMESTAMP);
  reply.t2 = get_time(bytes + KUDP_STAMP_RECEIVED);
  reply.t3 = get_time(bytes + KUDP_STAMP_TIMESTAMP);
  reply.error = static_cast<std::uint16_t>(kudp_get16(bytes + KUDP_STAMP_ERROR));
  reply.ssid = static_cast<std::uint16_t>(kudp_get16(bytes + KUDP_STAMP_SSID));
  reply.ttl = bytes[KUDP_STAMP_SENDER_TTL];
  if ((reply.error & KUDP_STAMP_MULTIPLIER_MASK) == 0) return std::nullopt;
  return reply;
}

std::optional<double> stamp_error_ns(std::uint16_t error) {
  if (!(error & KUDP_STAMP_SYNCHRONIZED)) return std::nullopt;
  const int scale = error >> KUDP_STAMP_SCALE_SHIFT & KUDP_STAMP_SCALE_MASK;
  return std::ldexp(error & KUDP_STAMP_MULTIPLIER_MASK, scale - 32) * kSecond;
}

}  // namespace kudp
