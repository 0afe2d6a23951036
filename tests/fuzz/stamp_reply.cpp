// SPDX-License-Identifier: GPL-2.0-only
// What `kudp-load stamp` makes of a reflector's packets: whatever times, counts and errors are in
// them, they are read and analysed without overflow, and none is lost or invented.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "loadgen/base/clock.hpp"
#include "loadgen/stamp/analysis.hpp"
#include "loadgen/stamp/packet.hpp"

namespace {

constexpr std::uint32_t kSent = 8;
constexpr std::int64_t kNow = 1'800'000'000 * kudp::kSecond;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (kudp::read_stamp(bytes) && size < kudp::stamp_size(0)) std::abort();
  kudp::StampSession session{.sent = kSent};
  std::vector<bool> answered(kSent);
  for (std::size_t at = 0; at + kudp::stamp_size(0) <= size; at += kudp::stamp_size(0)) {
    auto reply = kudp::read_stamp(bytes.subspan(at, kudp::stamp_size(0)));
    if (!reply) continue;
    reply->sequence %= kSent;
    // What kudp-load asks of it before it believes the rest: its own time, and that it is new.
    reply->t1 = kNow + reply->sequence * kudp::kMillisecond;
    reply->t4 = reply->t1 + kudp::kMillisecond;
    if (answered[reply->sequence]) continue;
    answered[reply->sequence] = true;
    session.replies.push_back(*reply);
  }
  if (session.replies.empty()) return 0;
  for (const bool stateful : {false, true}) {
    const auto analysis = kudp::analyse(session, stateful);
    if (analysis.loss.lost != kSent - session.replies.size()) std::abort();
    if (analysis.loss.forward && *analysis.loss.forward > analysis.loss.lost) std::abort();
  }
  return 0;
}
