// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/contest.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace kudp::contest {
namespace {

TEST(Contest, TooFewSamplesHaveNoInterval) {
  EXPECT_FALSE(interval_of({1, 2, 3, 4, 5}));
  const auto six = interval_of({6, 1, 5, 2, 4, 3});
  ASSERT_TRUE(six);
  EXPECT_EQ(six->low, 1);
  EXPECT_EQ(six->high, 6);
  EXPECT_EQ(six->median, 3.5);
}

// Published tables give the 6th and the 15th of 20.
TEST(Contest, CutsOffWhatOrderStatisticsAllow) {
  std::vector<double> samples(20);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<double>(i + 1);
  const auto interval = interval_of(samples);
  EXPECT_EQ(interval->low, 6);
  EXPECT_EQ(interval->high, 15);
}

TEST(Contest, TheIntervalCoversTheMedianAsOftenAsItSays) {
  std::mt19937 random(7);
  std::exponential_distribution<double> skewed;
  int covered = 0;
  constexpr int kTries = 4000;
  for (int i = 0; i < kTries; ++i) {
    std::vector<double> samples(15);
    for (auto& sample : samples) sample = skewed(random);
    const auto interval = interval_of(samples);
    covered += interval->low <= std::log(2) && std::log(2) <= interval->high;
  }
  EXPECT_GE(covered, kTries * 0.95);
}

TEST(Contest, AWinnersIntervalLiesBeyondAllOthers) {
  const Interval low{10, 9, 11}, middle{12, 10.5, 13}, high{20, 18, 22};
  EXPECT_EQ(winner({low, high}, true), 1U);
  EXPECT_EQ(winner({low, high}, false), 0U);
  EXPECT_EQ(winner({low, middle}, true), std::nullopt);
  EXPECT_EQ(winner({low, middle, high}, true), 2U);
  EXPECT_EQ(winner({low, middle, high}, false), std::nullopt);
  EXPECT_EQ(winner({std::nullopt, high}, true), std::nullopt);
}

TEST(Contest, WhatIsInfiniteDoesNotWin) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const Interval finite{2, 1, 3}, all{kInfinite, kInfinite, kInfinite}, some{2, 1, kInfinite};
  EXPECT_EQ(winner({all, finite}, false), 1U);
  EXPECT_EQ(winner({all, all}, false), std::nullopt);
  EXPECT_EQ(winner({some, finite}, false), std::nullopt);
  EXPECT_EQ(all.width(), 0);
  EXPECT_FALSE(some.width() <= 1);
  EXPECT_FALSE((Interval{kInfinite, 1, kInfinite}.width() <= 1));
}

// Whatever the noise: chance alone separates two intervals of 95 % once in some two hundred times.
TEST(Contest, OneAgainstItselfHasNoWinner) {
  std::mt19937 random(11);
  std::lognormal_distribution<double> noise(0, 0.3);
  int winners = 0;
  constexpr int kTries = 2000;
  for (int i = 0; i < kTries; ++i) {
    std::vector<std::optional<Interval>> both;
    for (int side = 0; side < 2; ++side) {
      std::vector<double> samples(10);
      for (auto& sample : samples) sample = noise(random);
      both.push_back(interval_of(samples));
    }
    winners += winner(both, true).has_value();
  }
  EXPECT_LE(winners, kTries / 100);
}

}  // namespace
}  // namespace kudp::contest
