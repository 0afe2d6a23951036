// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace kudp::baseline {

enum class ReplyKind { echo, discard, text };

// What is answered. Without `amplify`, a text longer than its request is not sent: a server that
// sends more than it got is a weapon for whoever forges source addresses.
struct Reply {
  ReplyKind kind = ReplyKind::echo;
  std::string text;
  bool amplify = false;
};

// Why a request is not answered. A source port 0 cannot be answered, and a source port that is the
// server's own may be another such server, with which a forged request would start an endless loop.
enum class Refusal { port_zero, own_port, amplification };

inline constexpr std::array<std::string_view, 3> kRefusalNames{"source port 0", "own source port",
                                                               "amplification"};
inline constexpr std::size_t kRefusals = kRefusalNames.size();

enum class Decision { answer, silence, refuse };

struct Verdict {
  Decision decision;
  Refusal refusal{};
};

// Ports are in network byte order.
inline Verdict judge(const Reply& reply, std::size_t request_bytes, in_port_t source_port,
                     in_port_t own_port) {
  if (reply.kind == ReplyKind::discard) return {Decision::silence};
  if (source_port == 0) return {Decision::refuse, Refusal::port_zero};
  if (source_port == own_port) return {Decision::refuse, Refusal::own_port};
  if (reply.kind == ReplyKind::text && reply.text.size() > request_bytes && !reply.amplify)
    return {Decision::refuse, Refusal::amplification};
  return {Decision::answer};
}

}  // namespace kudp::baseline
