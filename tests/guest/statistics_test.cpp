// SPDX-License-Identifier: GPL-2.0-only
// The counters add up to what was sent, and the work lies where the datagrams arrived.
#include <gtest/gtest.h>

#include <thread>

#include "loadgen/base/cpus.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"

namespace kudp::guest {
namespace {

class Statistics : public testing::TestWithParam<const char*> {
 protected:
  Responder::Settings settings(Responder::Settings more = {}) const {
    Responder::Settings all{{"engine", GetParam()}, {"port", "9000"}};
    all.insert(all.end(), more.begin(), more.end());
    all.emplace_back("enabled", "1");
    return all;
  }
};

INSTANTIATE_TEST_SUITE_P(, Statistics, testing::Values("classic", "kthread", "softirq"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Statistics, EverythingSentIsCounted) {
  const Responder responder("r", settings());
  Client client(Where::kHere, "127.0.0.1:9000");
  constexpr int kRequests = 2000, kBurst = 50;
  Client::Reply reply;
  for (int sent = 0; sent < kRequests; sent += kBurst) {
    for (int i = 0; i < kBurst; ++i) client.send(payload(64, sent + i));
    for (int i = 0; i < kBurst; ++i) ASSERT_TRUE(client.receive(reply)) << sent + i;
  }
  const Counters counters = responder.settled(kRequests);
  EXPECT_FALSE(client.receive(reply, 0)) << "one each";
  EXPECT_EQ(counters.at("received"), std::uint64_t{kRequests});
  EXPECT_EQ(counters.at("answered"), std::uint64_t{kRequests});
  EXPECT_TRUE(adds_up(counters));
}

// More than can wait: what is dropped is counted as well, and what waits stays within bounds.
TEST_P(Statistics, OverflowIsCounted) {
  const Responder responder("r", settings({{"rcvbuf", "8192"}, {"reply", "discard"}}));
  Client client(Where::kHere, "127.0.0.1:9000");
  constexpr std::uint64_t kRequests = 3000;
  for (std::uint64_t i = 0; i < kRequests; ++i) client.send(payload(1000, i));
  const Counters counters = responder.settled(kRequests);
  EXPECT_EQ(counters.at("received"), kRequests);
  EXPECT_TRUE(adds_up(counters));
}

TEST_P(Statistics, DatagramsLargerThanTheBufferAreCounted) {
  const Responder responder("r", settings({{"rcvbuf", "4096"}}));
  Client client(Where::kHere, "127.0.0.1:9000");
  for (int i = 0; i < 10; ++i) client.send(payload(60000));
  const Counters counters = responder.settled(10);
  EXPECT_EQ(counters.at("received"), 10u);
  EXPECT_TRUE(adds_up(counters));
}

TEST_P(Statistics, SurviveDisablingAndStartAnew) {
  Responder responder("r", settings());
  Client client(Where::kHere, "127.0.0.1:9000");
  client.send(payload(64));
  Client::Reply reply;
  ASSERT_TRUE(client.receive(reply));
  ASSERT_EQ(responder.set("enabled", "0"), 0);
  EXPECT_EQ(responder.stats()["answered"], 1u);
  EXPECT_TRUE(adds_up(responder.stats()));
  EXPECT_TRUE(workers_of("r").empty());
  ASSERT_EQ(responder.set("enabled", "1"), 0);
  EXPECT_EQ(responder.stats()["answered"], 0u);
}

// On loopback a datagram is received on the CPU that sent it.
TEST_P(Statistics, EachWorkerAnswersItsOwnCpu) {
  const Responder responder("r", settings());
  std::uint64_t expected = 0;
  for (const int cpu : allowed_cpus()) {
    std::thread([&] {
      pin_to(cpu);
      Client client(Where::kHere, "127.0.0.1:9000");
      for (int i = 0; i < 100 + cpu; ++i) {
        client.send(payload(64));
        Client::Reply reply;
        ASSERT_TRUE(client.receive(reply));
      }
    }).join();
    expected += 100 + cpu;
  }
  EXPECT_EQ(responder.settled(expected)["answered"], expected);
  for (auto& worker : workers_of("r"))
    EXPECT_EQ(worker["answered"], worker["received"] ? 100 + worker["cpu"] : 0)
        << "CPU " << worker["cpu"];
}

}  // namespace
}  // namespace kudp::guest
