// SPDX-License-Identifier: GPL-2.0-only
//
// Servers that mean harm: what they send is counted under its name, is never taken for an answer,
// and neither ends nor prolongs a run.
#include <gtest/gtest.h>
#include <liburing.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <random>

#include "loadgen/run/run.hpp"
#include "loadgen/run/verdict.hpp"
#include "tests/unit/test_server.hpp"

namespace kudp {
namespace {

class HostileServer : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (GetParam() == Backend::io_uring && !has_io_uring()) GTEST_SKIP() << "no io_uring here";
  }

  // 100 requests at 1,000/s; all of them must end, a run that does not fails the whole suite.
  RunResult run_against(Server& server) {
    options_.target = server.target();
    return run_against_target();
  }

  RunResult run_against_target() {
    options_.loop = Loop::open;
    options_.rate = 1000;
    options_.duration = 100 * kMillisecond;
    options_.warmup = 0;
    options_.timeout = kSecond;
    options_.flows = 4;
    options_.backend = GetParam();
    Interrupt interrupt;
    const auto result = run(options_, interrupt);
    EXPECT_EQ(result.counts.sent, 100U);
    EXPECT_EQ(result.counts.answered + result.counts.late + result.counts.lost, 100U);
    return result;
  }

  RunOptions options_;

 private:
  static bool has_io_uring() {
    io_uring ring;
    if (io_uring_queue_init(1, &ring, 0)) return false;
    io_uring_queue_exit(&ring);
    return true;
  }
};

INSTANTIATE_TEST_SUITE_P(, HostileServer, testing::Values(Backend::sendmmsg, Backend::io_uring),
                         [](const auto& backend) {
                           return backend.param == Backend::io_uring ? "io_uring" : "sendmmsg";
                         });

TEST_P(HostileServer, AnHonestOneIsBelieved) {
  Server server([](auto, const Bytes& request, const Send& send) { send(request); });
  EXPECT_EQ(run_against(server).counts.answered, 100U);
}

TEST_P(HostileServer, OneThatIsGoneRefuses) {
  std::optional<Server> server(std::in_place, [](auto, const Bytes&, const Send&) {});
  options_.target = server->target();
  server.reset();
  const auto result = run_against_target();
  EXPECT_EQ(result.counts.lost, 100U);
  EXPECT_GT(result.counts.refused, 0U);
}

TEST_P(HostileServer, AFloodIsForeignOrDroppedAndNothingIsAnswered) {
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

TEST_P(HostileServer, ManyRepliesToOneRequestAreOneAnswer) {
  Server server([](auto, const Bytes& request, const Send& send) {
    for (int i = 0; i < 50; ++i) send(request);
  });
  const auto result = run_against(server);
  EXPECT_EQ(result.counts.answered + result.counts.late, result.latency.count());
  EXPECT_LE(result.latency.count(), 100U);
  EXPECT_GT(result.counts.duplicate, 1'000U);
}

// A reply that is right but for the number of the request it is to.
TEST_P(HostileServer, RepliesToNobodyAreForeign) {
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
TEST_P(HostileServer, AnotherFlowsReplyIsCorrupt) {
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

TEST_P(HostileServer, WrongSizesAreCorruptOrForeign) {
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
