// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/schedule/schedule.hpp"

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

// The mean of exponential gaps is the gap, and so is their standard deviation; the share longer
// than twice the gap is e^-2.
TEST(Schedule, PoissonGapsAreExponentialAndDoNotDrift) {
  constexpr int kCount = 1'000'000;
  Schedule schedule(0, 1000, Arrivals::poisson, 42);
  double square = 0;
  int longer = 0;
  std::int64_t before = schedule.next();
  for (int i = 0; i < kCount; ++i) {
    schedule.advance();
    const auto gap = static_cast<double>(schedule.next() - before);
    before = schedule.next();
    square += gap * gap;
    longer += gap > 2000;
  }
  EXPECT_NEAR(static_cast<double>(before) / kCount, 1000, 5);
  EXPECT_NEAR(square / kCount, 2e6, 2e4);
  EXPECT_NEAR(static_cast<double>(longer) / kCount, std::exp(-2), 0.002);
}

TEST(Schedule, PoissonGapsDifferByTheSeed) {
  Schedule one(0, 1000, Arrivals::poisson, 1), other(0, 1000, Arrivals::poisson, 2);
  one.advance(), other.advance();
  EXPECT_NE(one.next(), other.next());
}

}  // namespace
}  // namespace kudp
