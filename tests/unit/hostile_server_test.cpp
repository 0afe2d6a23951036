// SPDX-License-Identifier: GPL-2.0-only
//
// Servers that mean harm: what they send is counted under its name, is never taken for an answer,
// and neither ends nor prolongs a run.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>

#include "loadgen/run.hpp"
#include "loadgen/verdict.hpp"
#include "tests/unit/test_server.hpp"

namespace kudp {
namespace {

class HostileServer : public testing::Test {
 protected:
  // 100 requests at 1,000/s; all of them must end in bounded time.
  RunResult run_against(Server& server) {
    options_.loop = Loop::open;
    options_.target = server.target();
    options_.rate = 1000;
    options_.duration = 100 * kMillisecond;
    options_.warmup = 0;
    options_.timeout = 300 * kMillisecond;
    options_.flows = 4;
    Interrupt interrupt;
    const auto before = now_ns();
    const auto result = run(options_, interrupt);
    EXPECT_LT(now_ns() - before, 20 * kSecond);
    EXPECT_EQ(result.counts.sent, 100U);
    EXPECT_EQ(result.counts.answered + result.counts.late + result.counts.lost, 100U);
    return result;
  }

  RunOptions options_;
};

TEST_F(HostileServer, AFloodIsForeignOrDroppedAndNothingIsAnswered) {
  std::mt19937 random(1);
  Server server([&](auto, const Bytes& request, const Send& send) {
    Bytes noise(request.size());
    for (int i = 0; i < 500; ++i) {
      for (char& byte : noise) byte = static_cast<char>(random());
      send(noise);
    }
  });
  const auto result = run_against(server);
  EXPECT_EQ(result.counts.answered, 0U);
  EXPECT_GT(result.counts.foreign, 1'000U);
  EXPECT_FALSE(judge(options_, result).valid);
}

TEST_F(HostileServer, ManyRepliesToOneRequestAreOneAnswer) {
  Server server([](auto, const Bytes& request, const Send& send) {
    for (int i = 0; i < 50; ++i) send(request);
  });
  const auto result = run_against(server);
  EXPECT_EQ(result.counts.answered + result.counts.late, result.latency.count());
  EXPECT_LE(result.latency.count(), 100U);
  EXPECT_GT(result.counts.duplicate, 1'000U);
}

// A reply that is right but for the number of the request it is to.
TEST_F(HostileServer, RepliesToNobodyAreForeign) {
  Server server([](auto, const Bytes& request, const Send& send) {
    Bytes other = request;
    for (char step = 1; step <= 8; ++step) {
      other[8] = static_cast<char>(request[8] + step);
      send(other);
    }
  });
  const auto result = run_against(server);
  EXPECT_EQ(result.counts.answered, 0U);
  EXPECT_EQ(result.counts.foreign, 800U);
}

// Another flow's reply has a right check, and is still not what this flow asked for.
TEST_F(HostileServer, AnotherFlowsReplyIsCorrupt) {
  Bytes before;
  std::atomic<std::uint64_t> crossed = 0;
  Server server([&](auto, const Bytes& request, const Send& send) {
    const auto same = [&] { return std::equal(&request[4], &request[8], &before[4]); };
    if (!before.empty() && !same()) {
      send(before);
      ++crossed;
    }
    before = request;
  });
  const auto result = run_against(server);
  EXPECT_GT(crossed, 3U);
  EXPECT_EQ(result.counts.answered, 0U);
  EXPECT_EQ(result.counts.corrupt, crossed);
}

TEST_F(HostileServer, WrongSizesAreCorruptOrForeign) {
  Server server([](auto, Bytes request, const Send& send) {
    send({});
    send(Bytes(request.begin(), request.begin() + 15));
    send(Bytes(request.begin(), request.begin() + 16));
    request.resize(65'000);
    send(request);
  });
  const auto result = run_against(server);
  EXPECT_EQ(result.counts.answered, 0U);
  EXPECT_EQ(result.counts.foreign, 200U);
  EXPECT_EQ(result.counts.corrupt, 200U);
}

}  // namespace
}  // namespace kudp
