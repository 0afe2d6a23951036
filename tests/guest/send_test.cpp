// SPDX-License-Identifier: GPL-2.0-only
// kudp_send.ko as a source of traffic, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "loadgen/base/cpus.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/send_module.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

using namespace std::chrono_literals;

// Takes in what is sent, and counts it.
Responder::Settings sink(const std::string& address) {
  return {{"engine", "softirq"},
          {"reply", "discard"},
          {"address", address},
          {"port", "5555"},
          {"enabled", "1"}};
}

class SendRefused : public testing::TestWithParam<std::pair<const char*, const char*>> {};
INSTANTIATE_TEST_SUITE_P(
    , SendRefused,
    testing::Values(
        std::pair{"text=x", "to=: want ADDRESS:PORT, unicast, IPv6 in brackets"},
        std::pair{"to=localhost:1 text=x", "to=localhost:1: want ADDRESS:PORT"},
        std::pair{"to=127.0.0.1 text=x", "to=127.0.0.1: want ADDRESS:PORT"},
        std::pair{"to=127.0.0.1:0 text=x", "to=127.0.0.1:0: want ADDRESS:PORT"},
        std::pair{"to=127.0.0.1:65536 text=x", "to=127.0.0.1:65536: want"},
        std::pair{"to=127.0.0.1:5:9 text=x", "to=127.0.0.1:5:9: want ADDRESS:PORT"},
        std::pair{"to=[::1%lo]:9 text=x", "to=[::1%lo]:9: want ADDRESS:PORT"},
        std::pair{"to=::1:9 text=x", "to=::1:9: want ADDRESS:PORT, unicast, IPv6 in brackets"},
        std::pair{"to=[::1:9 text=x", "to=[::1:9: want"},
        std::pair{"to=[127.0.0.1]:9 text=x", "to=[127.0.0.1]:9: want"},
        std::pair{"to=[::ffff:127.0.0.1]:9 text=x", ": want"},
        std::pair{"to=0.0.0.0:9 text=x", "to=0.0.0.0:9: want ADDRESS:PORT, unicast"},
        std::pair{"to=255.255.255.255:9 text=x", "to=255.255.255.255:9: want"},
        std::pair{"to=224.0.0.1:9 text=x", "to=224.0.0.1:9: want"},
        std::pair{"to=[ff02::1]:9 text=x", "to=[ff02::1]:9: want"},
        std::pair{"to=127.0.0.1:9", "text=: want either text or size"},
        std::pair{"to=127.0.0.1:9 text=x size=9", "text=x: want either text or size"},
        std::pair{"to=127.0.0.1:9 size=9 nul=1", "nul=1: want a text to be ended by it"},
        std::pair{"to=127.0.0.1:9 size=65508", "size=65508: want up to 65507 bytes"},
        std::pair{"to=[::1]:9 size=65528", "size=65528: want up to 65527 bytes"},
        std::pair{"to=127.0.0.1:9 size=9 rate=1000000001", "rate=1000000001: want up to"},
        std::pair{"to=127.0.0.1:9 size=9 batch=0", "batch=0: want 1 to 1024"},
        std::pair{"to=127.0.0.1:9 size=9 batch=1025", "batch=1025: want 1 to 1024"},
        std::pair{"to=127.0.0.1:9 size=9 cpus=4095", "cpus=4095: want CPUs that are online"},
        std::pair{"to=127.0.0.1:9 size=9 cpus=x", "cpus=x: want CPUs that are online"},
        std::pair{"to=127.0.0.1:9 size=9 cpus=", "cpus=: want CPUs that are online"}));

TEST_P(SendRefused, NamesWhatIsAllowed) {
  const auto& [parameters, wanted] = GetParam();
  KernelLog log;
  EXPECT_EQ(SendModule(parameters).error(), EINVAL);
  const auto lines = log.lines_from("kudp_send: ");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], testing::HasSubstr(wanted));
  EXPECT_FALSE(std::filesystem::exists("/sys/module/kudp_send"));
}

TEST(SendCpus, FewerDatagramsThanCpus) {
  const auto cpus = allowed_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "there is but one CPU";
  const std::string list = " cpus=" + std::to_string(cpus[0]) + "," + std::to_string(cpus[1]);
  KernelLog log;
  EXPECT_EQ(SendModule("to=127.0.0.1:9 size=9 count=1" + list).error(), EINVAL);
  EXPECT_EQ(SendModule("to=127.0.0.1:9 size=9 count=0 rate=1" + list).error(), EINVAL);
  EXPECT_THAT(log.lines_from("kudp_send: "),
              testing::ElementsAre("kudp_send: count=1: want at least 1 for each CPU, or 0",
                                   "kudp_send: rate=1: want at least 1 for each CPU, or 0"));
}

TEST(SendErrors, NoRouteIsInsmodsError) {
  KernelLog log;
  EXPECT_EQ(SendModule("to=192.0.2.1:9 text=x").error(), ENETUNREACH);
  EXPECT_EQ(SendModule("to=192.0.2.1:9 text=x connected=0").error(), ENETUNREACH);
  EXPECT_EQ(SendModule("to=192.0.2.1:9 text=x count=5").error(), ENETUNREACH);
  EXPECT_EQ(log.lines_from("kudp_send: ").size(), 3u);
  EXPECT_TRUE(threads_named("kudp_send/").empty());
}

class Send : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(, Send, testing::Values("127.0.0.1", "::1"), [](const auto& test) {
  return test.param == std::string("::1") ? "ipv6" : "ipv4";
});

TEST_P(Send, EveryDatagramFromAllCpus) {
  for (const char* connected : {" connected=0", " connected=1"}) {
    const Responder responder("r", sink(GetParam()));
    const std::string last = std::to_string(allowed_cpus().back());
    KernelLog log;
    SendModule source("to=" + at(GetParam(), 5555) + " size=100 count=2001 cpus=0-" + last +
                      connected);
    ASSERT_EQ(source.error(), 0);
    ASSERT_TRUE(source.finishes());
    EXPECT_THAT(source.result(), testing::StartsWith("done sent=2001 failed=0 ns="));
    EXPECT_EQ(responder.settled(2001)["discarded"], 2001u);
    const auto lines = log.lines_from("kudp_send: ");
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_THAT(lines[0], testing::StartsWith("kudp_send: sent 2001 of 100 bytes to " +
                                              at(GetParam(), 5555) + ", 0 failed, in "));
    for (const auto& worker : workers_of("r")) EXPECT_GE(worker.at("received"), 1u);
    EXPECT_EQ(source.unload(), 0);
  }
}

TEST_P(Send, KeepsItsRate) {
  const Responder responder("r", sink(GetParam()));
  const auto start = std::chrono::steady_clock::now();
  SendModule source("to=" + at(GetParam(), 5555) + " size=1 count=501 rate=500 cpus=0");
  ASSERT_EQ(source.error(), 0);
  ASSERT_TRUE(source.finishes());
  // The first is sent at once, the last after a second; how much later a busy
  // machine has it varies.
  EXPECT_GE(std::chrono::steady_clock::now() - start, 999ms);
  EXPECT_EQ(responder.settled(501)["discarded"], 501u);
}

TEST_P(Send, UnloadsWhileSending) {
  for (const char* rate : {"0", "1000", "10"}) {
    const Responder responder("r", sink(GetParam()));
    KernelLog log;
    SendModule source("to=" + at(GetParam(), 5555) + " size=64 count=0 cpus=0 rate=" + rate);
    ASSERT_EQ(source.error(), 0);
    EXPECT_TRUE(eventually([&] { return responder.stats()["received"] >= 3; }));
    EXPECT_THAT(source.result(), testing::StartsWith("running sent="));
    EXPECT_EQ(source.unload(), 0);
    EXPECT_TRUE(threads_named("kudp_send/").empty());
    EXPECT_EQ(log.lines_from("kudp_send: sent ").size(), 1u);
  }
}

TEST(SendErrors, CountsWhatIsRefused) {
  SendModule source("to=127.0.0.1:5556 size=1 count=100");
  ASSERT_EQ(source.error(), 0);
  ASSERT_TRUE(source.finishes());
  std::uint64_t sent = 0, failed = 0;
  ASSERT_EQ(sscanf(source.result().c_str(), "done sent=%lu failed=%lu", &sent, &failed), 2);
  EXPECT_EQ(sent + failed, 100u);
  EXPECT_GT(failed, 0u) << "nobody listens there";
}

TEST(SendErrors, EndsWithItsNamespace) {
  run("ip netns add kudp-brief && ip -n kudp-brief link set lo up");
  run("nsenter --net=/run/netns/kudp-brief insmod " + module_path("kudp_send") +
      " to=127.0.0.1:5555 size=64 count=0 rate=1000");
  EXPECT_EQ(threads_named("kudp_send/").size(), 1u);
  run("ip netns delete kudp-brief");
  EXPECT_TRUE(eventually([] { return threads_named("kudp_send/").empty(); }));
  EXPECT_EQ(unload_module("kudp_send"), 0);
}

}  // namespace
}  // namespace kudp::guest
