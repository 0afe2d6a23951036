// SPDX-License-Identifier: GPL-2.0-only
//
// Whole runs against small servers on loopback. What a server does to the n-th request is fixed, so
// the counts are exact on the busiest machine; times are looked at from one side only.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "loadgen/fd.hpp"
#include "loadgen/run.hpp"
#include "loadgen/verdict.hpp"

namespace kudp {
namespace {

using Bytes = std::vector<char>;
using Send = std::function<void(const Bytes&)>;

// Hands each datagram, with its number and a way to answer its sender, to a function.
class Server {
 public:
  using Handler = std::function<void(std::uint64_t number, const Bytes& request, const Send& send)>;

  explicit Server(Handler handler) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    // Room for all that a test sends, however late the server gets to it on a busy machine.
    const int room = 32 << 20;
    if (setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
      setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length) ||
        getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length))
      throw std::runtime_error("no test server");
    target_ = resolve("127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
    thread_ = std::jthread([this, handler = std::move(handler)](const std::stop_token& stop) {
      serve(stop, handler);
    });
  }

  const Endpoint& target() const { return target_; }

 private:
  void serve(const std::stop_token& stop, const Handler& handler) {
    Bytes buffer(65536);
    for (std::uint64_t number = 0; !stop.stop_requested();) {
      pollfd readable{socket_.get(), POLLIN, 0};
      if (poll(&readable, 1, 10) <= 0) continue;
      sockaddr_in from{};
      socklen_t length = sizeof from;
      const auto count = recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &length);
      if (count < 0) continue;
      handler(number++, Bytes(buffer.begin(), buffer.begin() + count),
              [=, this](const Bytes& reply) {
                sendto(socket_.get(), reply.data(), reply.size(), 0,
                       reinterpret_cast<const sockaddr*>(&from), length);
              });
    }
  }

  Fd socket_;
  Endpoint target_;
  std::jthread thread_;
};

// 100 requests, 1 ms apart, the schedule fixes how many; long enough a timeout for a slow machine.
RunOptions hundred(const Server& server) {
  RunOptions options;
  options.loop = Loop::open;
  options.target = server.target();
  options.rate = 1000;
  options.duration = 100 * kMillisecond;
  options.warmup = 0;
  options.timeout = 2 * kSecond;
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
  options.timeout = 500 * kMillisecond;
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
  options.timeout = 500 * kMillisecond;
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
  options.timeout = 100 * kMillisecond;
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

TEST(LoadRun, AReplyAfterTheTimeoutIsLateAndInTheHistogram) {
  std::deque<std::pair<std::int64_t, std::function<void()>>> held;
  Server server([&](auto number, const Bytes& request, const Send& send) {
    if (number % 2 == 0) return send(request);
    held.emplace_back(now_ns(), [=] { send(request); });
    while (now_ns() - held.front().first > 300 * kMillisecond) {
      held.front().second();
      held.pop_front();
    }
  });
  auto options = hundred(server);
  options.duration = kSecond;
  options.timeout = 250 * kMillisecond;
  const auto result = run(options);
  EXPECT_EQ(result.counts.sent, 1000U);
  expect_each_ended_once(result.counts);
  EXPECT_GT(result.counts.late, 100U);
  EXPECT_GT(result.counts.lost, 0U);
  EXPECT_EQ(result.latency.count(), result.counts.answered + result.counts.late);
  EXPECT_GT(result.latency.max(), 300U * kMillisecond);
}

TEST(LoadRun, ASilentServerLosesAllInBoundedTime) {
  Server server([](auto, const Bytes&, const Send&) {});
  for (const auto loop : {Loop::open, Loop::closed}) {
    auto options = hundred(server);
    options.loop = loop;
    options.window = 8;
    options.timeout = 200 * kMillisecond;
    const auto before = now_ns();
    const auto result = run(options);
    EXPECT_EQ(result.counts.sent, loop == Loop::open ? 100U : 8U);
    EXPECT_EQ(result.counts.lost, result.counts.sent);
    EXPECT_EQ(result.replies, 0U);
    EXPECT_LT(now_ns() - before, 5 * kSecond);
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
  options.duration = 500 * kMillisecond;
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
  Server server(echo);
  auto options = hundred(server);
  options.duration = 3600 * kSecond;
  const auto before = now_ns();
  std::jthread killer([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    kill(getpid(), SIGINT);
  });
  const auto result = run(options, interrupt);
  EXPECT_EQ(result.signal, SIGINT);
  EXPECT_GT(result.counts.sent, 0U);
  expect_each_ended_once(result.counts);
  EXPECT_LT(result.measured, 60 * kSecond);
  EXPECT_LT(now_ns() - before, 60 * kSecond);
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
  EXPECT_NO_THROW(check(hundred(server)));
}

}  // namespace
}  // namespace kudp
