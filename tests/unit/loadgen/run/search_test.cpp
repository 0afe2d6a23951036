// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/search.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "loadgen/output/search_records.hpp"

namespace kudp::search {
namespace {

// A target that answers up to `capacity` and loses the rest, and what is measured of it.
class SearchTest : public testing::Test {
 protected:
  std::vector<Found> find() {
    return search(settings_, [this](double rate, double seconds) -> std::optional<Trial> {
      total_s_ += seconds;
      if (++trials_ > stop_after_) return std::nullopt;
      const double loss = std::max(0.0, 1 - capacity_ / rate) + (rate > clean_ ? 0.001 : 0);
      return Trial{.rate = rate,
                   .seconds = seconds,
                   .loss_ratio = trials_ % noisy_every_ == 0 ? 0.1 : loss,
                   .p99_us = rate / 1000,
                   .goodput_per_s = rate * (1 - loss),
                   .generator_limited = rate > generator_ || trials_ % hiccup_every_ == 0};
    });
  }

  void expect_about(const Found& found, double rate) {
    ASSERT_TRUE(found.lower && found.upper) << found.goal.name;
    EXPECT_LE(*found.lower, rate);
    EXPECT_GT(*found.upper, rate);
    EXPECT_LE(1 - *found.lower / *found.upper, settings_.width * 1.0001);
  }

  Settings settings_;
  double capacity_ = 123'456;
  double clean_ = 1e12;      // above, a thousandth is lost
  double generator_ = 1e12;  // the generator bears no more
  int noisy_every_ = 1 << 30;
  int hiccup_every_ = 1 << 30;  // the generator's
  int stop_after_ = 1 << 30;
  int trials_ = 0;
  double total_s_ = 0;
};

TEST_F(SearchTest, FindsTheLimitWithinTheWidth) {
  const auto found = find();
  ASSERT_EQ(found.size(), 2U);
  expect_about(found[0], capacity_);
  expect_about(found[1], capacity_ / (1 - 0.005));
  for (const auto& one : found) EXPECT_EQ(one.limit, Limit::target);
  EXPECT_NEAR(*found[1].throughput, capacity_, 0.01 * capacity_);
}

TEST_F(SearchTest, TellsTheLossFreeRateFromThatWithLoss) {
  clean_ = 50'000;
  const auto found = find();
  expect_about(found[0], 50'000);
  EXPECT_GT(*found[1].lower, 2 * *found[0].lower);
}

// Eleven of twenty-one trials decide: what the worst of them answered is sure.
TEST_F(SearchTest, TheThroughputIsThatOfTheWorstTrialThatCounts) {
  settings_.goals = {{"PDR", 0.005}};
  settings_.max_rate = 1'500;
  const auto throughput = [&](const std::vector<double>& losses) {
    std::size_t trials = 0;
    const auto found = search(settings_, [&](double rate, double seconds) {
      const bool counts = rate == settings_.max_rate && seconds == settings_.trial_s;
      return std::optional(
          Trial{.rate = rate, .seconds = seconds, .loss_ratio = counts ? losses.at(trials++) : 0});
    });
    EXPECT_EQ(trials, losses.size());
    return found[0].throughput.value_or(0);
  };
  std::vector<double> losses(6, 0);
  losses.insert(losses.end(), 5, 0.004);
  EXPECT_DOUBLE_EQ(throughput(losses), 1'500 * 0.996);
  losses.assign(11, 0.001);
  losses[3] = 0.002;
  losses.insert(losses.begin(), 10, 0.1);
  EXPECT_DOUBLE_EQ(throughput(losses), 1'500 * 0.998);
  settings_.exceed_ratio = 0;
  losses.assign(21, 0);
  losses[7] = 0.003;
  EXPECT_DOUBLE_EQ(throughput(losses), 1'500 * 0.997);
}

TEST_F(SearchTest, TakesAWidthAndALatency) {
  settings_.width = 0.05;
  settings_.goals = {{"low latency", 0.005, 40}};
  const auto found = find();
  expect_about(found[0], 40'000);
}

// Less than half of the time may be bad.
TEST_F(SearchTest, ATrialThatGoesWrongNowAndThenDoesNoHarm) {
  noisy_every_ = 5;
  settings_.short_trial_s = settings_.trial_s;
  const auto found = find();
  EXPECT_NEAR(*found[0].lower, capacity_, 0.01 * capacity_);
}

TEST_F(SearchTest, ATargetThatIsBadMostOfTheTimeHoldsNothing) {
  noisy_every_ = 1;
  const auto found = find();
  EXPECT_FALSE(found[0].lower);
  EXPECT_EQ(found[0].limit, Limit::min_rate);
}

TEST_F(SearchTest, SaysThatTheGeneratorWasTheLimit) {
  generator_ = 70'000;
  const auto found = find();
  for (const auto& one : found) {
    expect_about(one, 70'000);
    EXPECT_EQ(one.limit, Limit::generator);
  }
}

TEST_F(SearchTest, AGeneratorThatCannotKeepTheLowestRateSaysNothingOfTheTarget) {
  generator_ = 500;
  for (const auto& one : find()) {
    EXPECT_FALSE(one.lower);
    EXPECT_EQ(one.limit, Limit::generator);
  }
}

// However many of them there are in a long time.
TEST_F(SearchTest, AGeneratorThatIsLateNowAndThenIsNotTheLimit) {
  hiccup_every_ = 7;
  settings_.sum_s = 60;
  const auto found = find();
  expect_about(found[0], capacity_);
  for (const auto& one : found) EXPECT_EQ(one.limit, Limit::target);
}

TEST_F(SearchTest, SaysThatTheHighestRateWasBorne) {
  settings_.max_rate = 100'000;
  const auto found = find();
  EXPECT_EQ(*found[0].lower, 100'000);
  EXPECT_FALSE(found[0].upper);
  EXPECT_EQ(found[0].limit, Limit::max_rate);
}

TEST_F(SearchTest, StopsWhenToldAndKeepsWhatIsKnown) {
  stop_after_ = 9;
  const auto found = find();
  EXPECT_EQ(found[1].limit, Limit::stopped);
  EXPECT_LE(trials_, 20);
}

// Whoever says it once need not say it for each phase and each goal.
TEST_F(SearchTest, OnceToldToStopItDoesNotMeasureAgain) {
  for (const int stop_at : {1, 9, 30}) {
    int trials = 0;
    const auto found = search(settings_, [&](double rate, double seconds) -> std::optional<Trial> {
      if (++trials == stop_at) return std::nullopt;
      return Trial{.rate = rate, .seconds = seconds, .loss_ratio = rate > capacity_ ? 1.0 : 0};
    });
    EXPECT_EQ(trials, stop_at);
    ASSERT_EQ(found.size(), 2U);
    for (const auto& one : found) EXPECT_EQ(one.limit, Limit::stopped);
  }
}

TEST_F(SearchTest, TheRampDoesNotDwellOnAnOverloadedTarget) {
  capacity_ = 2'000;
  settings_.sum_s = settings_.trial_s;
  find();
  EXPECT_LT(total_s_, 20);
}

// The generator did what it should.
TEST(TrialOf, ATargetThatAnswersSomethingElseLosesRequests) {
  RunOptions options;
  options.loop = Loop::open;
  options.rate = 100;
  RunResult result;
  result.measured = kSecond;
  result.counts.sent = result.counts.lost = 100;
  result.counts.foreign = 60;
  result.counts.corrupt = 40;
  const Trial trial = trial_of(options, result);
  EXPECT_EQ(trial.loss_ratio, 1);
  EXPECT_FALSE(trial.generator_limited);
  result.counts.sent = 80;
  EXPECT_TRUE(trial_of(options, result).generator_limited);
}

}  // namespace
}  // namespace kudp::search
