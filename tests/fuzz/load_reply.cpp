// SPDX-License-Identifier: GPL-2.0-only
// What kudp-load makes of a reply: whatever a server sends, it is taken for an answer only where
// it is, byte for byte, a request that was sent.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "loadgen/base/payload.hpp"
#include "loadgen/statistics/outstanding.hpp"

namespace {

constexpr std::size_t kSize = 32;
constexpr std::uint32_t kFlow = 7;
constexpr std::uint64_t kSent = 100;

using Bytes = std::vector<std::byte>;

Bytes request(const kudp::Payload& payload, std::uint64_t sequence) {
  Bytes bytes(kSize);
  payload.fill(bytes.data());
  payload.stamp(bytes.data(), 1, kSize, kFlow, sequence);
  return bytes;
}

// A request with some bytes changed, cut off or added: near misses are what is hard to tell.
Bytes reply(FuzzedDataProvider& input, const kudp::Payload& payload) {
  Bytes bytes;
  if (input.ConsumeBool())
    bytes = request(payload, input.ConsumeIntegralInRange<std::uint64_t>(0, 2 * kSent));
  while (!bytes.empty() && input.ConsumeBool())
    bytes[input.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1)] =
        std::byte{input.ConsumeIntegral<std::uint8_t>()};
  bytes.resize(input.ConsumeIntegralInRange<std::size_t>(0, 2 * kSize), std::byte{1});
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const kudp::Payload payload(kSize, 42);
  kudp::Outstanding outstanding(64, 1000);
  const std::vector<std::int64_t> times(kSent, 1);
  outstanding.sent(times, true, 1);
  std::uint64_t newest = 0, answers = 0;

  while (input.remaining_bytes() > 0) {
    const Bytes bytes = reply(input, payload);
    const auto found = payload.match(bytes.data(), bytes.size(), kFlow);
    if (found.match != kudp::Payload::Match::ours) continue;
    if (bytes != request(payload, found.sequence)) std::abort();
    const auto kind = outstanding.reply(found.sequence, 2, newest);
    if ((found.sequence >= kSent) != (kind == kudp::Outstanding::Kind::unsent)) std::abort();
    answers += kind == kudp::Outstanding::Kind::answered;
  }
  outstanding.finish();
  const auto& counts = outstanding.counts();
  if (counts.answered != answers || counts.sent != kSent ||
      counts.answered + counts.late + counts.lost != kSent)
    std::abort();
  return 0;
}
