// SPDX-License-Identifier: GPL-2.0-only
//
// Whole runs on a machine that does nothing else: what a server is made to do comes back as
// figures. Run by make check-load.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <iostream>

#include "loadgen/run/run.hpp"
#include "loadgen/run/search.hpp"
#include "loadgen/run/verdict.hpp"
#include "tests/load/undisturbed.hpp"
#include "tests/unit/test_server.hpp"

namespace kudp {
namespace {

constexpr const char* kBusy = "no run of five was valid: the machine has no time for this";

RunOptions load(const Server& server, double rate, std::int64_t duration) {
  RunOptions options;
  options.loop = Loop::open;
  options.target = server.target();
  options.rate = rate;
  options.duration = duration;
  options.warmup = 200 * kMillisecond;
  options.flows = 4;
  return options;
}

// Answers each request `delay` after it came; spins, so as to be exact.
Server::Handler delayed(std::int64_t delay) {
  return [delay](auto, const Bytes& request, const Send& send) {
    const auto until = now_ns() + delay;
    while (now_ns() < until) continue;
    send(request);
  };
}

TEST(Truth, AKnownDelayIsGivenBack) {
  const Undisturbed undisturbed;
  for (const std::int64_t delay : {100 * kMicrosecond, kMillisecond, 5 * kMillisecond}) {
    const double rate = 0.1 * kSecond / static_cast<double>(delay);
    Server direct(delayed(0)), slow(delayed(delay));
    const auto without = valid_run(load(direct, rate, 2 * kSecond));
    const auto with = valid_run(load(slow, rate, 2 * kSecond));
    if (!without || !with) GTEST_SKIP() << kBusy;
    const auto more = static_cast<double>(with->latency.percentile(50)) -
                      static_cast<double>(without->latency.percentile(50));
    EXPECT_NEAR(more, static_cast<double>(delay),
                std::max(0.02 * static_cast<double>(delay), 20.0 * kMicrosecond));
  }
}

TEST(Truth, EachTenthDroppedAndEachSeventhDoubledAreCounted) {
  Server server([](auto number, const Bytes& request, const Send& send) {
    if (number % 10 == 3) return;
    send(request);
    if (number % 7 == 0) send(request);
  });
  auto options = load(server, 7'000, kSecond);
  options.warmup = 0;
  const auto result = run(options);
  EXPECT_EQ(result.counts.sent, 7'000U);
  EXPECT_EQ(result.counts.lost, 700U);
  // 1,000 multiples of 7, of which those that end in 3 are dropped: one in ten.
  EXPECT_EQ(result.counts.duplicate, 900U);
}

// Where the generator polls, for high rates, a run is short: of those who never sleep the scheduler
// takes a twentieth of each second for the others.
std::int64_t long_enough(double rate) {
  return rate < 100 ? 20 * kSecond : rate < 20'000 ? 2 * kSecond : 400 * kMillisecond;
}

// From 10/s up, until five runs in a row say that they could not.
TEST(Truth, RatesAreKeptUpToTheMachinesLimit) {
  const Undisturbed undisturbed;
  Server server(delayed(0));
  double highest = 0;
  for (double rate = 10; rate < 1e6; rate *= rate < 10'000 ? 10 : 1.5) {
    const auto result = valid_run(load(server, rate, long_enough(rate)));
    if (!result) break;
    EXPECT_NEAR(result->sent_per_s(), rate, 0.005 * rate);
    highest = rate;
  }
  std::cout << "kept up to " << highest << "/s\n";
  EXPECT_GE(highest, 1'000);
}

TEST(Truth, TheSearchFindsAnArtificialLimit) {
  const Undisturbed undisturbed;
  constexpr double kLimit = 5'000;
  double tokens = 0;
  std::int64_t before = now_ns();
  // A bucket of 10 ms.
  Server server([&](auto, const Bytes& request, const Send& send) {
    const auto now = now_ns();
    tokens = std::min(tokens + kLimit * static_cast<double>(now - before) / kSecond, kLimit / 100);
    before = now;
    if (tokens < 1) return;
    tokens -= 1;
    send(request);
  });
  search::Settings settings;
  settings.width = 0.02;
  settings.trial_s = 0.5;
  settings.sum_s = 1.5;
  const auto found = search::search(settings, [&](double rate, double seconds) {
    auto options = load(server, rate, static_cast<std::int64_t>(seconds * kSecond));
    options.timeout = 100 * kMillisecond;
    const auto result = run(options);
    return std::optional(search::Trial{.rate = rate,
                                       .seconds = seconds,
                                       .loss_ratio = result.loss_ratio(),
                                       .p99_us = 0,
                                       .goodput_per_s = result.goodput_per_s(),
                                       .generator_limited = !judge(options, result).valid});
  });
  for (const auto& one : found) {
    ASSERT_TRUE(one.lower && one.upper) << one.goal.name;
    EXPECT_LE(1 - *one.lower / *one.upper, 0.0201);
    EXPECT_EQ(one.limit, search::Limit::target);
  }
  // The bucket is full at first, and lets a little more through in a short trial.
  EXPECT_NEAR(*found[0].lower, kLimit, 0.04 * kLimit);
  EXPECT_NEAR(*found[1].lower, kLimit * 1.005, 0.04 * kLimit);
}

// Whatever the rate and the flows, what a run needs is allocated before it begins.
TEST(Truth, MemoryDoesNotGrowWithTime) {
  Server server(delayed(0));
  auto options = load(server, 0, kSecond);
  options.loop = Loop::closed;
  options.window = 256;
  options.flows = 1'024;
  const auto peak = [] {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  run(options);
  const auto after_one = peak();
  options.duration = 10 * kSecond;
  run(options);
  EXPECT_LE(peak() - after_one, 1'024) << "KiB";
  EXPECT_LE(peak(), 64 * 1'024) << "KiB";
}

}  // namespace
}  // namespace kudp
