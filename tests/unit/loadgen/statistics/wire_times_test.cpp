// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/wire_times.hpp"

#include <gtest/gtest.h>

namespace kudp {
namespace {

constexpr std::int64_t kLong = 1'000'000;

void expect_one_of(std::uint64_t time, const WireTimes& wire) {
  EXPECT_EQ(wire.times().count(), 1U);
  EXPECT_EQ(wire.times().max(), time);
}

TEST(WireTimes, AreBetweenTwoTimesOfTheCard) {
  WireTimes wire(true);
  wire.sent(64);
  wire.left(64, 5000);
  EXPECT_EQ(wire.times().count(), 0U);
  wire.came(64, 5700, kLong);
  expect_one_of(700, wire);
}

// A driver takes the time of leaving from a register when it gets to it.
TEST(WireTimes, MayBeToldInAnyOrder) {
  WireTimes wire(true);
  wire.sent(0);
  wire.came(0, 5700, kLong);
  wire.left(0, 5000);
  expect_one_of(700, wire);
}

TEST(WireTimes, OfADuplicateReplyDoNotCount) {
  WireTimes wire(true);
  wire.sent(1);
  wire.came(1, 5700, kLong);
  wire.came(1, 9000, kLong);
  wire.left(1, 5000);
  wire.came(1, 9900, kLong);
  expect_one_of(700, wire);
}

TEST(WireTimes, OfWhatWasNotAskedForDoNotCount) {
  WireTimes wire(true);
  wire.sent(1);
  wire.left(2, 5000);
  wire.came(2, 5700, kLong);
  EXPECT_EQ(wire.times().count(), 0U);
  EXPECT_EQ(wire.impossible(), 0U);
}

TEST(WireTimes, ThatCannotBeAreCountedAndNotBelieved) {
  WireTimes wire(true);
  wire.sent(1);
  wire.left(1, 5000);
  wire.came(1, 4999, kLong);
  wire.sent(2);
  wire.came(2, 5000 + kLong + 1, kLong);
  wire.left(2, 5000);
  EXPECT_EQ(wire.times().count(), 0U);
  EXPECT_EQ(wire.impossible(), 2U);
}

// Bursts number their first requests by multiples of their size: as many are remembered.
TEST(WireTimes, RememberManyBursts) {
  for (const std::uint64_t burst : {1, 2, 48, 64, 1024}) {
    WireTimes wire(true);
    constexpr std::uint64_t kAwaited = 1000;
    for (std::uint64_t i = 0; i < kAwaited; ++i) wire.sent(i * burst);
    for (std::uint64_t i = 0; i < kAwaited; ++i) wire.left(i * burst, 1000);
    for (std::uint64_t i = 0; i < kAwaited; ++i) wire.came(i * burst, 2000, kLong);
    EXPECT_GT(wire.times().count(), kAwaited * 7 / 10) << burst;
  }
}

}  // namespace
}  // namespace kudp
