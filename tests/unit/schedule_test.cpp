// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/schedule.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace kudp {
namespace {

TEST(Schedule, BeginsAtTheStartAndKeepsTheGap) {
  Schedule schedule(1000, 250);
  for (const std::int64_t time : {1000, 1250, 1500, 1750}) {
    EXPECT_EQ(schedule.next(), time);
    schedule.advance();
  }
}

TEST(Schedule, DoesNotDriftWhereTheGapIsNoWholeNumber) {
  constexpr std::int64_t kStart = 5'000'000'000'000;
  Schedule schedule(kStart, 1e9 / 3);
  for (std::int64_t second = 0; second < 1'000'000; ++second) {
    ASSERT_LE(std::abs(schedule.next() - (kStart + second * 1'000'000'000)), 1);
    for (int third = 0; third < 3; ++third) schedule.advance();
  }
}

TEST(Schedule, TakesGapsBelowANanosecond) {
  Schedule schedule(0, 0.25);
  for (int i = 0; i < 4'000; ++i) schedule.advance();
  EXPECT_EQ(schedule.next(), 1000);
}

}  // namespace
}  // namespace kudp
