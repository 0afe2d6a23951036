// SPDX-License-Identifier: GPL-2.0-only
// The tracepoints: what the system "kudp" tells of a datagram's way, in its order.
#include "tests/guest/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <thread>

#include "loadgen/base/cpus.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kPort = 9000;

Responder::Settings settings(const std::string& engine) {
  Responder::Settings all{
      {"engine", engine.substr(0, engine.find('_'))}, {"address", kServer4}, {"port", "9000"}};
  if (engine.ends_with("_gro")) all.emplace_back("gro", "1");
  if (engine.ends_with("_link")) all.emplace_back("turnaround", "link");
  all.emplace_back("enabled", "1");
  return all;
}

// Events of the thread alone, such as kudp_sleep, left out.
std::vector<std::string> of_datagrams(const Trace& trace) {
  auto events = trace.events();
  std::erase_if(events, [](const std::string& event) { return !event.starts_with("kudp_re"); });
  return events;
}

class Traced : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(, Traced,
                         testing::Values("classic", "kthread", "kthread_gro", "softirq",
                                         "softirq_gro", "softirq_link"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(Traced, ARequestIsReceivedAndAnswered) {
  const Responder responder("r", settings(GetParam()));
  Client client(Where::kClient, at(kServer4, kPort));
  const Trace trace;
  client.send(payload(48));
  Client::Reply reply;
  ASSERT_TRUE(client.receive(reply));
  responder.settled(1);
  const auto events = of_datagrams(trace);
  EXPECT_THAT(events, ElementsAre(HasSubstr("kudp_receive: port=9000"),
                                  HasSubstr("kudp_reply: port=9000")));
  for (const auto& event : events) EXPECT_THAT(event, HasSubstr("bytes=48 datagrams=1"));
}

class TracedRefusal : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(, TracedRefusal, testing::Values("classic", "kthread", "softirq"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(TracedRefusal, HasItsReason) {
  auto with_text = settings(GetParam());
  with_text.insert(with_text.begin(), {{"text", "longer than a request"}, {"reply", "text"}});
  const Responder responder("r", with_text);
  Client client(Where::kClient, at(kServer4, kPort));
  const Trace trace;
  client.send("short");
  responder.settled(1);
  EXPECT_THAT(of_datagrams(trace),
              ElementsAre(HasSubstr("kudp_receive:"),
                          AllOf(HasSubstr("kudp_refuse:"), HasSubstr("reason=amplification"))));
}

// A queue that holds one packet for longer than the test lasts; by link, no neighbour is asked for.
TEST(Trace, LinkTellsOfWhatTheDeviceDoesNotTake) {
  const Responder responder("r", settings("softirq_link"));
  Client client(Where::kClient, at(kServer4, kPort));
  Client::Reply reply;
  client.send("the client knows its neighbour");
  ASSERT_TRUE(client.receive(reply));
  run("tc qdisc add dev kudp-s root netem delay 200s limit 1");
  const Trace trace;
  for (int i = 0; i < 3; ++i) client.send("request");
  const Counters counters = responder.settled(4);
  run("tc qdisc delete dev kudp-s root");
  EXPECT_GE(counters.at("send_failed"), 2u);
  EXPECT_EQ(trace.refusals(), std::vector<std::string>(counters.at("send_failed"), "send_failed"));
}

// A thread that hardly gets any time leaves most of what waits to who stops it.
TEST(Trace, TellsOfWhatWaitedAtTheEnd) {
  Responder responder("r", {{"engine", "classic"}, {"port", "9000"}, {"enabled", "1"}});
  const sched_param none{};
  ASSERT_EQ(sched_setscheduler(threads_named("kudp/0/").at(0), SCHED_IDLE, &none), 0);
  std::atomic<bool> over = false;
  std::thread other([&over] {
    for (pin_to(0); !over;) continue;
  });
  const Trace trace("kudp/kudp_refuse");
  std::thread([] {
    pin_to(0);
    Client client(Where::kHere, at("127.0.0.1", kPort));
    for (int i = 0; i < 1000; ++i) client.send("request");
  }).join();
  EXPECT_EQ(responder.set("enabled", "0"), 0);
  over = true;
  other.join();
  Counters counters = responder.stats();
  EXPECT_GT(counters["stopped"], 0u);
  // What the thread did get to may fail: who asked is gone, and the end interrupts it.
  Counters traced;
  for (const auto& reason : trace.refusals()) ++traced[reason];
  EXPECT_EQ(traced["stopped"], counters["stopped"]);
  EXPECT_EQ(traced["send_failed"], counters["send_failed"]);
  EXPECT_EQ(traced.size(), 2u) << "and for no other reason";
}

TEST(Trace, KthreadTellsOfItsBatchesAndItsSleep) {
  const Trace trace;
  const Responder responder("r", settings("kthread"));
  ASSERT_TRUE(trace.has("kudp_sleep:", threads_named("kudp/").size())) << "each, when it begins";
  trace.clear();
  Client client(Where::kClient, at(kServer4, kPort));
  client.send("request");
  Client::Reply reply;
  ASSERT_TRUE(client.receive(reply));
  ASSERT_TRUE(trace.has("kudp_sleep:", 1));
  EXPECT_THAT(trace.events(),
              ElementsAre(HasSubstr("kudp_receive:"),
                          AllOf(HasSubstr("kudp_wake:"), HasSubstr("packets=1")),
                          AllOf(HasSubstr("kudp_batch_begin:"), HasSubstr("packets=1")),
                          HasSubstr("kudp_reply:"),
                          AllOf(HasSubstr("kudp_batch_end:"), HasSubstr("packets=0")),
                          AllOf(HasSubstr("kudp_sleep:"), HasSubstr("packets=0"))));
}

}  // namespace
}  // namespace kudp::guest
