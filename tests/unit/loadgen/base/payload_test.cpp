// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/payload.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace kudp {
namespace {

using Bytes = std::vector<std::byte>;
constexpr std::uint64_t kKey = 0x1234'5678'9abc'def0;
constexpr std::uint32_t kFlow = 7;
constexpr std::uint64_t kSequence = 1'000'000'007;

Bytes request(const Payload& payload, std::uint32_t flow = kFlow) {
  Bytes bytes(payload.size());
  payload.fill(bytes.data());
  payload.stamp(bytes.data(), 1, bytes.size(), flow, kSequence);
  return bytes;
}

Payload::Match match(const Payload& payload, const Bytes& reply, std::uint32_t flow = kFlow) {
  return payload.match(reply.data(), reply.size(), flow).match;
}

class PayloadOf : public testing::TestWithParam<std::size_t> {
 protected:
  const Payload payload_{GetParam(), kKey};
};

TEST_P(PayloadOf, KnowsItsOwn) {
  const Bytes reply = request(payload_);
  ASSERT_EQ(reply.size(), GetParam());
  const auto found = payload_.match(reply.data(), reply.size(), kFlow);
  EXPECT_EQ(found.match, Payload::Match::ours);
  EXPECT_EQ(found.sequence, kSequence);
}

TEST_P(PayloadOf, SeesEveryBitThatChanged) {
  Bytes reply = request(payload_);
  for (std::size_t byte = 0; byte < reply.size(); ++byte)
    for (int bit = 0; bit < 8; ++bit) {
      reply[byte] ^= std::byte{1} << bit;
      EXPECT_EQ(match(payload_, reply),
                byte < Payload::kSmallest ? Payload::Match::foreign : Payload::Match::corrupt)
          << byte << "." << bit;
      reply[byte] ^= std::byte{1} << bit;
    }
}

TEST_P(PayloadOf, SeesAnyOtherLength) {
  Bytes reply = request(payload_);
  reply.push_back(std::byte{0});
  EXPECT_EQ(match(payload_, reply), Payload::Match::corrupt);
  for (reply.resize(GetParam()); !reply.empty();) {
    reply.pop_back();
    EXPECT_EQ(match(payload_, reply), reply.size() < Payload::kSmallest ? Payload::Match::foreign
                                                                        : Payload::Match::corrupt);
  }
}

TEST_P(PayloadOf, SeesAnotherFlowsRequest) {
  EXPECT_EQ(match(payload_, request(payload_, kFlow + 1)), Payload::Match::corrupt);
}

TEST_P(PayloadOf, DoesNotKnowAnotherRuns) {
  EXPECT_EQ(match(payload_, request(Payload(GetParam(), kKey + 1))), Payload::Match::foreign);
}

INSTANTIATE_TEST_SUITE_P(Sizes, PayloadOf, testing::Values(16, 17, 64, 1472));

TEST(Payload, SeesShiftedBytes) {
  const Payload payload(2048, kKey);
  for (std::size_t distance = 1; distance <= 512; distance *= 2) {
    Bytes reply = request(payload);
    std::shift_left(reply.begin() + Payload::kSmallest, reply.end(),
                    static_cast<std::ptrdiff_t>(distance));
    EXPECT_EQ(match(payload, reply), Payload::Match::corrupt) << distance;
  }
}

}  // namespace
}  // namespace kudp
