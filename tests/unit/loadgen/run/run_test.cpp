// SPDX-License-Identifier: GPL-2.0-only
//
// Whole runs against small servers on loopback. What a server does to the n-th request is fixed, so
// the counts are exact on the busiest machine; times are looked at from one side only. What is
// measured lasts, or waits, longer than the half second for which other work may stop a machine.
#include "loadgen/run/run.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "loadgen/run/verdict.hpp"
#include "tests/unit/test_server.hpp"

namespace kudp {
namespace {

// A run ends when each request has its reply, so this is waited for only where one is missing.
constexpr std::int64_t kPatience = 60 * kSecond;
// Where replies are missing: the longest that other work may stop a machine.
constexpr std::int64_t kLossy = 2 * kSecond;

// 100 requests, 1 ms apart; the schedule fixes how many.
RunOptions hundred(const Server& server) {
  RunOptions options;
  options.loop = Loop::open;
  options.target = server.target();
  options.rate = 1000;
  options.duration = 100 * kMillisecond;
  options.warmup = 0;
  options.timeout = kPatience;
  options.flows = 4;
  return options;
}

RunResult run(const RunOptions& options) {
  Interrupt interrupt;
  return run(options, interrupt);
}

void expect_each_ended_once(const Counts& counts) {
  EXPECT_EQ(counts.sent, counts.answered + counts.late + counts.lost);
  EXPECT_LE(counts.in_interval, counts.answered);
}

void echo(std::uint64_t, const Bytes& request, const Send& send) {
  send(request);
}

TEST(LoadRun, AnEchoAnswersAll) {
  Server server(echo);
  const auto result = run(hundred(server));
  EXPECT_EQ(result.counts.sent, 100U);
  EXPECT_EQ(result.counts.answered, 100U);
  EXPECT_EQ(result.latency.count(), 100U);
  EXPECT_EQ(result.replies, 100U);
  EXPECT_EQ(result.measured, 100 * kMillisecond);
  for (const auto count :
       {result.counts.late, result.counts.lost, result.counts.duplicate, result.counts.corrupt,
        result.counts.foreign, result.counts.refused, result.counts.stale, result.local_drops})
    EXPECT_EQ(count, 0U);
  EXPECT_GT(result.latency.max(), 0U);
}

TEST(LoadRun, TakesAnySize) {
  Server server(echo);
  for (const std::size_t size : {16, 17, 1472, 9000, 65507}) {
    auto options = hundred(server);
    options.size = size;
    options.batch = 16;
    const auto result = run(options);
    EXPECT_EQ(result.counts.answered, 100U) << size;
    EXPECT_EQ(result.counts.corrupt, 0U) << size;
  }
}

TEST(LoadRun, ADroppedRequestIsLost) {
  Server server([](auto number, const Bytes& request, const Send& send) {
    if (number % 5 != 0) send(request);
  });
  auto options = hundred(server);
  options.timeout = kLossy;
  const auto result = run(options);
  EXPECT_EQ(result.counts.sent, 100U);
  EXPECT_EQ(result.counts.lost, 20U);
  EXPECT_EQ(result.counts.answered + result.counts.late, 80U);
  EXPECT_DOUBLE_EQ(result.loss_ratio(), 0.2);
}

TEST(LoadRun, ARepeatedReplyIsADuplicate) {
  Server server([](auto number, const Bytes& request, const Send& send) {
    send(request);
    if (number % 4 == 3) send(request);
  });
  const auto result = run(hundred(server));
  EXPECT_EQ(result.counts.answered, 100U);
  EXPECT_EQ(result.counts.duplicate, 25U);
  EXPECT_EQ(result.latency.count(), 100U);
}

TEST(LoadRun, ASwappedPairIsReordered) {
  std::optional<Bytes> held;
  Server server([&](auto, const Bytes& request, const Send& send) {
    if (!held) return void(held = request);
    send(request);
    send(*held);
    held.reset();
  });
  auto options = hundred(server);
  options.flows = 1;
  const auto result = run(options);
  EXPECT_EQ(result.counts.answered, 100U);
  EXPECT_EQ(result.counts.reordered, 50U);
}

TEST(LoadRun, AReplyThatDiffersIsCorruptAndItsRequestLost) {
  Server server([](auto number, Bytes request, const Send& send) {
    if (number % 10 == 0) request.back() ^= 1;
    if (number % 10 == 1) request.pop_back();
    if (number % 10 == 2) request.push_back('!');
    send(request);
  });
  auto options = hundred(server);
  options.timeout = kLossy;
  const auto result = run(options);
  EXPECT_EQ(result.counts.corrupt, 30U);
  EXPECT_EQ(result.counts.lost, 30U);
  EXPECT_EQ(result.counts.answered + result.counts.late, 70U);
}

TEST(LoadRun, AnotherTextIsForeign) {
  Server server([](auto, const Bytes&, const Send& send) {
    send({'n', 'o'});
    send(Bytes(64, 'x'));
  });
  auto options = hundred(server);
  options.timeout = kLossy;
  const auto result = run(options);
  EXPECT_EQ(result.counts.foreign, 200U);
  EXPECT_EQ(result.counts.lost, 100U);
  EXPECT_FALSE(judge(options, result).valid);
}

TEST(LoadRun, ASlowServerIsMeasuredFromTheIntendedTime) {
  Server server([](auto, const Bytes& request, const Send& send) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    send(request);
  });
  const auto result = run(hundred(server));
  EXPECT_EQ(result.counts.answered, 100U);
  // It serves 500/s at best and is offered 1000/s: the last request waits 100 ms behind the others.
  EXPECT_GE(result.latency.percentile(1), 2U * kMillisecond);
  EXPECT_GE(result.latency.max(), 100U * kMillisecond);
  EXPECT_GE(result.latency.percentile(50), 45U * kMillisecond);
  EXPECT_LT(result.counts.in_interval, 60U);
}

// Every second request is answered when one comes that is sent 400 ms later.
TEST(LoadRun, AReplyAfterTheTimeoutIsLateAndInTheHistogram) {
  constexpr std::size_t kHeld = 200;
  std::deque<std::function<void()>> held;
  Server server([&](auto number, const Bytes& request, const Send& send) {
    if (number % 2 == 0) return send(request);
    held.emplace_back([=] { send(request); });
    if (held.size() <= kHeld) return;
    held.front()();
    held.pop_front();
  });
  auto options = hundred(server);
  options.duration = kSecond;
  options.timeout = 250 * kMillisecond;
  const auto result = run(options);
  EXPECT_EQ(result.counts.sent, 1000U);
  expect_each_ended_once(result.counts);
  EXPECT_GT(result.counts.late, 0U);
  EXPECT_GE(result.counts.lost, kHeld);
  EXPECT_LE(result.counts.answered, 500U) << "none of those that were held";
  EXPECT_EQ(result.latency.count(), result.counts.answered + result.counts.late);
  EXPECT_GT(result.latency.max(), 300U * kMillisecond);
}

// That it ends is what is tested.
TEST(LoadRun, ASilentServerLosesAllInBoundedTime) {
  Server server([](auto, const Bytes&, const Send&) {});
  for (const auto loop : {Loop::open, Loop::closed}) {
    auto options = hundred(server);
    options.loop = loop;
    options.window = 8;
    options.timeout = 200 * kMillisecond;
    const auto result = run(options);
    EXPECT_EQ(result.counts.sent, loop == Loop::open ? 100U : 8U);
    EXPECT_EQ(result.counts.lost, result.counts.sent);
    EXPECT_EQ(result.replies, 0U);
  }
}

TEST(LoadRun, AClosedPortIsRefused) {
  Endpoint nobody;
  { nobody = Server(echo).target(); }
  RunOptions options;
  options.target = nobody;
  options.duration = 50 * kMillisecond;
  options.warmup = 0;
  options.timeout = 50 * kMillisecond;
  const auto result = run(options);
  EXPECT_GT(result.counts.refused, 0U);
  EXPECT_EQ(result.replies, 0U);
  EXPECT_EQ(result.counts.lost, result.counts.sent);
}

// The server answers when it holds a whole window, so a request too few in flight stalls the run.
TEST(LoadRun, AClosedLoopKeepsItsWindowFull) {
  constexpr std::size_t kWindow = 8;
  std::vector<std::function<void()>> held;
  Server server([&](auto, const Bytes& request, const Send& send) {
    held.emplace_back([=] { send(request); });
    if (held.size() < kWindow) return;
    for (const auto& answer : held) answer();
    held.clear();
  });
  auto options = hundred(server);
  options.loop = Loop::closed;
  options.window = kWindow;
  options.duration = kSecond;
  options.timeout = kLossy;
  const auto result = run(options);
  EXPECT_GT(result.counts.sent, 2 * kWindow);
  EXPECT_LT(result.counts.sent - result.counts.answered, kWindow);
  expect_each_ended_once(result.counts);
}

TEST(LoadRun, ALossFreesItsPlaceInTheWindow) {
  Server server([](auto number, const Bytes& request, const Send& send) {
    if (number % 2) send(request);
  });
  auto options = hundred(server);
  options.loop = Loop::closed;
  options.window = 2;
  options.timeout = 20 * kMillisecond;
  options.duration = 1500 * kMillisecond;
  const auto result = run(options);
  EXPECT_GT(result.counts.sent, 10U);
  expect_each_ended_once(result.counts);
  EXPECT_GE(result.counts.lost, result.counts.sent / 2 - 1);
}

TEST(LoadRun, TheWarmUpIsNotCounted) {
  Server server([](auto number, const Bytes& request, const Send& send) {
    if (number >= 50) send(request);
  });
  auto options = hundred(server);
  options.warmup = 50 * kMillisecond;
  const auto result = run(options);
  EXPECT_EQ(result.requests, 150U);
  EXPECT_EQ(result.counts.sent, 100U);
  EXPECT_EQ(result.counts.answered, 100U);
  EXPECT_EQ(result.counts.lost, 0U);
}

TEST(LoadRun, ThreadsShareTheRateAndTheFlows) {
  std::atomic<std::uint64_t> seen = 0;
  Server server([&](auto, const Bytes& request, const Send& send) {
    ++seen;
    send(request);
  });
  auto options = hundred(server);
  options.threads = 3;
  options.flows = 7;
  const auto result = run(options);
  EXPECT_EQ(result.counts.sent, 100U);
  EXPECT_EQ(result.counts.answered, 100U);
  EXPECT_EQ(seen, 100U);
}

TEST(LoadRun, AnInterruptEndsTheRunAndKeepsTheFigures) {
  Interrupt interrupt;  // before the server, so that its thread does not take the signal
  Server server([](auto number, const Bytes& request, const Send& send) {
    send(request);
    if (number == 50) kill(getpid(), SIGINT);
  });
  auto options = hundred(server);
  options.duration = 3600 * kSecond;
  const auto result = run(options, interrupt);
  EXPECT_EQ(result.signal, SIGINT);
  EXPECT_GT(result.counts.sent, 0U);
  expect_each_ended_once(result.counts);
  EXPECT_LT(result.measured, options.duration);
}

TEST(LoadRun, SuperPacketsAreCountedByTheirRequests) {
  Server server(echo);
  auto options = hundred(server);
  options.flows = 1;
  options.rate = 100'000;
  options.duration = 10 * kMillisecond;
  options.timeout = kLossy;
  options.gso = 16;
  options.gro = true;
  const auto result = run(options);
  EXPECT_EQ(result.counts.sent, 1000U);
  EXPECT_EQ(result.counts.answered, 1000U);
  EXPECT_EQ(result.replies, 1000U);
  for (const auto count : {result.counts.corrupt, result.counts.foreign, result.counts.duplicate})
    EXPECT_EQ(count, 0U);
}

// The server sees the segments as they are sent: 16 in one, then 3.
TEST(LoadRun, RepliesMayComeAsSuperPackets) {
  std::vector<Bytes> held;
  Server server([&](auto, const Bytes& request, const Send& send) {
    held.push_back(request);
    if (held.size() < 19) return;
    for (const auto& one : held) send(one);
    held.clear();
  });
  auto options = hundred(server);
  options.loop = Loop::closed;
  options.flows = 1;
  options.window = 19;
  options.timeout = kLossy;
  options.gso = 16;
  options.gro = true;
  const auto result = run(options);
  EXPECT_GT(result.counts.answered, 0U);
  EXPECT_EQ(result.counts.corrupt + result.counts.foreign, 0U);
  EXPECT_LT(result.counts.sent - result.counts.answered, 19U);
}

TEST(LoadRun, TimeStampsTellWhereTheLatencyWas) {
  Server server([](auto, const Bytes& request, const Send& send) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    send(request);
  });
  auto options = hundred(server);
  options.rate = 200;
  options.duration = 500 * kMillisecond;
  options.timestamps = true;
  const auto result = run(options);
  EXPECT_EQ(result.counts.answered, 100U);
  EXPECT_EQ(result.receive_wait.count(), 100U);
  // A stamp for each burst, here of one request unless the generator was late.
  EXPECT_GT(result.transmit_path.count(), 0U);
  EXPECT_LE(result.transmit_path.count(), 100U);
  ASSERT_TRUE(result.generator_share());
  EXPECT_GT(*result.generator_share(), 0);
  EXPECT_LT(result.receive_wait.mean() + result.transmit_path.mean(), result.latency.mean());
}

// What the report is for: a closed loop does not send while the server stalls, and so has one bad
// request for each stall; at a rate, a fifth of the requests is bad.
TEST(LoadRun, AStallShowsInTheOpenLoopAndHidesInTheClosed) {
  const auto start = now_ns();
  Server server([=](auto, const Bytes& request, const Send& send) {
    const auto into = (now_ns() - start) % kSecond;
    if (into > 800 * kMillisecond)
      std::this_thread::sleep_for(std::chrono::nanoseconds(kSecond - into));
    send(request);
  });
  auto options = hundred(server);
  options.duration = 3 * kSecond;
  const auto open = run(options);
  EXPECT_GT(open.latency.percentile(90), 50U * kMillisecond);
  EXPECT_LT(open.latency.percentile(50), open.latency.percentile(90) / 2);
  options.loop = Loop::closed;
  options.window = 1;
  const auto closed = run(options);
  EXPECT_LT(closed.latency.percentile(90), open.latency.percentile(90) / 2);
  EXPECT_GT(closed.latency.max(), 100U * kMillisecond);
}

// From when they were sent, requests that went out late had the same answer time as others.
TEST(LoadRun, ServiceTimeBeginsWithTheSending) {
  Server server(echo);
  const auto result = run(hundred(server));
  EXPECT_EQ(result.service.count(), 100U);
  EXPECT_LE(result.service.max(), result.latency.max());
  EXPECT_NEAR(result.service.mean() + result.send_late.mean(), result.latency.mean(), 1000);
  EXPECT_EQ(result.gap_deviation.count(), 100U);
}

TEST(LoadRun, RefusesOptionsThatDoNotGoTogether) {
  Server server(echo);
  const auto refused = [&](auto&& change) {
    auto options = hundred(server);
    change(options);
    EXPECT_THROW(check(options), std::runtime_error);
  };
  refused([](RunOptions& options) { options.size = 65508; });
  refused([](RunOptions& options) { options.threads = 5; });
  refused([](RunOptions& options) { options.rate = 1e9; });
  refused([](RunOptions& options) { options.batch = 1024, options.size = 65507; });
  refused([](RunOptions& options) { options.loop = Loop::closed, options.window = 1 << 22; });
  refused([](RunOptions& options) { options.gso = 64, options.size = 1400; });
  refused([](RunOptions& options) { options.gso = 2, options.timestamps = true; });
  refused([](RunOptions& options) { options.backend = Backend::io_uring, options.gro = true; });
  EXPECT_NO_THROW(check(hundred(server)));
}

}  // namespace
}  // namespace kudp
