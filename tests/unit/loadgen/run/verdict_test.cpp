// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/verdict.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

namespace kudp {
namespace {

// One second at 10,000 requests/s, all well.
class VerdictTest : public testing::Test {
 protected:
  VerdictTest() {
    options_.loop = Loop::open;
    options_.rate = 10'000;
    result_.measured = kSecond;
    result_.requests = result_.replies = 12'000;
    result_.counts.sent = result_.counts.answered = result_.counts.in_interval = 10'000;
    result_.cpu_share = 0.3;
    record_delays(10'000, 20 * kMicrosecond);
  }

  void record_delays(int count, std::int64_t delay) {
    for (int i = 0; i < count; ++i) result_.send_late.record(delay);
  }

  Verdict verdict() const { return judge(options_, result_); }

  bool says(const std::string& text) const {
    return std::ranges::any_of(verdict().notes,
                               [&](const auto& note) { return note.find(text) != note.npos; });
  }

  RunOptions options_;
  RunResult result_;
};

TEST_F(VerdictTest, AFlawlessRunHasNothingToSay) {
  EXPECT_TRUE(verdict().valid);
  EXPECT_TRUE(verdict().notes.empty());
}

TEST_F(VerdictTest, LossAndLatenessOfTheTargetAreNoFlaw) {
  result_.counts.answered = 1'000;
  result_.counts.late = 2'000;
  result_.counts.lost = 7'000;
  EXPECT_TRUE(verdict().valid);
}

TEST_F(VerdictTest, HalfAPercentOfTheRateMayBeMissing) {
  result_.counts.sent = 9'950;
  EXPECT_TRUE(verdict().valid);
  result_.counts.sent = 9'948;
  EXPECT_FALSE(verdict().valid);
  EXPECT_TRUE(says("could not keep the schedule"));
}

TEST_F(VerdictTest, TheRequestAtTheEdgeOfAShortIntervalMayBeMissing) {
  options_.rate = 10;
  result_.counts.sent = 9;
  EXPECT_TRUE(verdict().valid);
  result_.counts.sent = 8;
  EXPECT_FALSE(verdict().valid);
}

TEST_F(VerdictTest, AHundredthMayBeSentLate) {
  record_delays(90, kMillisecond);
  EXPECT_TRUE(verdict().valid);
  record_delays(20, kMillisecond);
  EXPECT_FALSE(verdict().valid);
  EXPECT_TRUE(says("sent late"));
}

TEST_F(VerdictTest, ToleratesAGapBetween100MicrosecondsAndAMillisecond) {
  EXPECT_EQ(tolerated_delay(options_), 100 * kMicrosecond);
  options_.rate = 1e6;
  EXPECT_EQ(tolerated_delay(options_), 100 * kMicrosecond);
  options_.threads = 400;
  EXPECT_EQ(tolerated_delay(options_), 400 * kMicrosecond);
  options_.threads = 1;
  options_.rate = 10;
  EXPECT_EQ(tolerated_delay(options_), kMillisecond);
}

TEST_F(VerdictTest, ABusyOpenLoopIsPolling) {
  result_.cpu_share = 1;
  EXPECT_TRUE(verdict().notes.empty());
}

TEST_F(VerdictTest, ABusyClosedLoopIsTheLimitButValid) {
  options_.loop = Loop::closed;
  result_.cpu_share = 0.94;
  EXPECT_TRUE(verdict().notes.empty());
  result_.cpu_share = 0.95;
  EXPECT_TRUE(verdict().valid);
  EXPECT_TRUE(verdict().generator_limited);
  EXPECT_TRUE(says("generator was the limit"));
}

TEST_F(VerdictTest, AClosedLoopHasNoSchedule) {
  options_.loop = Loop::closed;
  options_.rate = 0;
  record_delays(10'000, kSecond);
  EXPECT_TRUE(verdict().valid);
}

TEST_F(VerdictTest, OwnDropsSpoilTheRun) {
  result_.local_drops = 1;
  EXPECT_FALSE(verdict().valid);
  EXPECT_TRUE(says("dropped 1 replies at its own sockets"));
}

TEST_F(VerdictTest, DropsOfTheWarmUpAreNotThoseOfOthers) {
  result_.after.receive_drops = 5;
  result_.socket_drops = 5;
  EXPECT_FALSE(says("other sockets"));
  result_.after.receive_drops = 6;
  EXPECT_TRUE(says("other sockets of this network namespace dropped 1 datagrams"));
}

TEST_F(VerdictTest, NothingSentIsNoMeasurement) {
  result_.counts = {};
  EXPECT_FALSE(verdict().valid);
  EXPECT_TRUE(says("no request was sent"));
}

TEST_F(VerdictTest, AServerThatAnswersOtherThingsIsNoEchoServer) {
  result_.counts.foreign = 10'000;
  EXPECT_TRUE(verdict().valid);
  EXPECT_TRUE(says("10000 replies did not carry"));
  result_.counts.answered = 0;
  EXPECT_FALSE(verdict().valid);
  EXPECT_TRUE(says("echo server"));
}

TEST_F(VerdictTest, AnInterruptIsNamed) {
  result_.signal = SIGTERM;
  EXPECT_TRUE(verdict().valid);
  EXPECT_TRUE(says("interrupted by SIGTERM"));
}

TEST_F(VerdictTest, ThePoissonNumberOfAnIntervalIsOneOfChance) {
  options_.arrivals = Arrivals::poisson;
  result_.counts.sent = 9'700;
  EXPECT_TRUE(verdict().valid);
  result_.counts.sent = 9'500;
  EXPECT_FALSE(verdict().valid);
}

TEST_F(VerdictTest, AnOpenLoopThatWasNeverIdleWasTheLimit) {
  result_.cpu_share = 1;
  result_.busy_share = 0.5;
  EXPECT_TRUE(verdict().valid);
  result_.busy_share = 1;
  EXPECT_FALSE(verdict().valid);
  EXPECT_TRUE(says("the generator was the limit"));
}

TEST_F(VerdictTest, AClockThatWasTurnedMakesItInvalid) {
  result_.before = {.monotonic = 0, .raw = 0, .realtime = 0};
  result_.after = {.monotonic = 60 * kSecond, .raw = 60 * kSecond, .realtime = 60 * kSecond};
  EXPECT_TRUE(verdict().valid);
  result_.after.monotonic += 30 * kMillisecond;  // 500 ppm, as NTP may
  EXPECT_TRUE(verdict().valid);
  result_.after.monotonic += 60 * kMillisecond;
  EXPECT_FALSE(verdict().valid);
  EXPECT_TRUE(says("the clock was adjusted"));
}

TEST_F(VerdictTest, TheTimeStampsClockCountsWhereItIsUsed) {
  result_.before = {.monotonic = 0, .raw = 0, .realtime = 0};
  result_.after = {.monotonic = kSecond, .raw = kSecond, .realtime = 2 * kSecond};
  EXPECT_TRUE(verdict().valid);
  options_.timestamps = true;
  EXPECT_FALSE(verdict().valid);
}

TEST_F(VerdictTest, TimesOfTheCardThatCannotBeAreSaidButNoFlaw) {
  result_.wire_impossible = 5;
  EXPECT_TRUE(verdict().valid);
  EXPECT_TRUE(says("5 timestamps of the network card are impossible"));
}

TEST_F(VerdictTest, DropsElsewhereAndReorderingAreSaidButNoFlaw) {
  result_.after.receive_drops = 7;
  result_.counts.reordered = 3;
  EXPECT_TRUE(verdict().valid);
  EXPECT_TRUE(says("dropped 7 datagrams"));
  EXPECT_TRUE(says("3 replies were overtaken"));
}

TEST_F(VerdictTest, WhatUdpDropsOnTheWayOutSpoilsTheRun) {
  result_.after.send_drops = 5;
  result_.short_sends = 5;
  EXPECT_TRUE(verdict().valid);
  result_.short_sends = 3;
  EXPECT_FALSE(verdict().valid);
  EXPECT_TRUE(says("UDP dropped 2 datagrams"));
  EXPECT_TRUE(says("SndbufErrors"));
}

TEST(RunResult, GoodputCountsRepliesOfTheIntervalOnly) {
  RunResult result;
  result.measured = 2 * kSecond;
  result.counts.sent = 100;
  result.counts.answered = 90;
  result.counts.lost = 6;
  result.counts.in_interval = 80;
  EXPECT_DOUBLE_EQ(result.goodput_per_s(), 40);
  EXPECT_DOUBLE_EQ(result.sent_per_s(), 50);
  EXPECT_DOUBLE_EQ(result.loss_ratio(), 0.06);
}

TEST(RunResult, OfNothingIsZero) {
  const RunResult result;
  EXPECT_EQ(result.goodput_per_s(), 0);
  EXPECT_EQ(result.sent_per_s(), 0);
  EXPECT_EQ(result.loss_ratio(), 0);
}

}  // namespace
}  // namespace kudp
