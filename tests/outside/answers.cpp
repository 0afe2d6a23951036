// SPDX-License-Identifier: GPL-2.0-only
#include "tests/outside/answers.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "tests/stress/bytes.hpp"

namespace kudp::outside {
namespace {

using stress::byte_at;
using stress::number16_at;

constexpr std::size_t kIpv4Header = 20, kIpv6Header = 40, kUdp = 8;

// A datagram, or its first fragment.
struct Datagram {
  std::string from, to;
  unsigned from_port, to_port;
  std::size_t length;  // that UDP says
  std::size_t end;     // that IP says, in the frame

  std::string sender() const { return from + ":" + std::to_string(from_port); }
  std::string receiver() const { return to + ":" + std::to_string(to_port); }
};

std::optional<Datagram> udp_at(const std::string& frame, std::size_t at, std::size_t end,
                               std::string from, std::string to) {
  if (frame.size() < at + kUdp) return {};
  std::size_t length = number16_at(frame, at + 4);
  if (!length) length = frame.size() - at;
  return Datagram{std::move(from),
                  std::move(to),
                  number16_at(frame, at),
                  number16_at(frame, at + 2),
                  length,
                  end};
}

std::optional<Datagram> in_ipv4(const std::string& frame, std::size_t at) {
  if (frame.size() < at + kIpv4Header || byte_at(frame, at + 9) != IPPROTO_UDP) return {};
  if (number16_at(frame, at + 6) & 0x1fff) return {};  // a later fragment
  return udp_at(frame, at + 4 * (byte_at(frame, at) & 15), at + number16_at(frame, at + 2),
                frame.substr(at + 12, 4), frame.substr(at + 16, 4));
}

std::optional<Datagram> in_ipv6(const std::string& frame, std::size_t at) {
  if (frame.size() < at + kIpv6Header) return {};
  std::string from = frame.substr(at + 8, 16), to = frame.substr(at + 24, 16);
  const std::size_t end = at + kIpv6Header + number16_at(frame, at + 4);
  std::uint8_t header = byte_at(frame, at + 6);
  for (at += kIpv6Header; stress::is_extension_header(header) && frame.size() >= at + 8;) {
    const bool fragment = header == IPPROTO_FRAGMENT;
    if (fragment && number16_at(frame, at + 2) & 0xfff8) return {};
    header = byte_at(frame, at);
    at += fragment ? 8 : 8 * (byte_at(frame, at + 1) + 1);
  }
  if (header != IPPROTO_UDP) return {};
  return udp_at(frame, at, end, std::move(from), std::move(to));
}

std::optional<Datagram> datagram_in(const std::string& frame) {
  const stress::Cargo cargo = stress::cargo_of(frame);
  if (cargo.type == ETH_P_IP) return in_ipv4(frame, cargo.at);
  if (cargo.type == ETH_P_IPV6) return in_ipv6(frame, cargo.at);
  return {};
}

std::string hex(const std::string& bytes) {
  std::string text;
  char digits[4];
  for (const char byte : bytes.substr(0, 96)) {
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
    text += digits;
  }
  return text;
}

}  // namespace

void Answers::asked(const std::string& frame) {
  const auto request = datagram_in(frame);
  if (!request) return;
  auto& longest = longest_[request->sender()];
  longest = std::max(longest, request->length);
  from_nowhere_ += request->from != target_->neighbour4 && request->from != target_->neighbour6;
}

void Answers::came(const std::string& frame) {
  const auto answer = datagram_in(frame);
  if (!answer || answer->from_port != target_->port) {
    ++others_;
    return;
  }
  ++answers_;
  check(frame, answer->receiver(), answer->length, answer->end);
}

void Answers::check(const std::string& frame, const std::string& to, std::size_t length,
                    std::size_t end) {
  if (!wrong_.empty()) return;
  const auto longest = longest_.find(to);
  if (byte_at(frame, 0) & 1)
    wrong_ = "an answer to a group of stations";
  else if (longest == longest_.end())
    wrong_ = "an answer nobody asked for";
  else if (length > longest->second)
    wrong_ = "an answer of " + std::to_string(length) + " bytes, asked for with " +
             std::to_string(longest->second);
  else if (end > frame.size())
    wrong_ = "an answer that its IP header says is longer";
  if (!wrong_.empty()) wrong_ += ": " + hex(frame);
}

}  // namespace kudp::outside
