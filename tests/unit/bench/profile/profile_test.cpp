// SPDX-License-Identifier: GPL-2.0-only
// What kudp-profile makes of traces: whole ones, and odd, lying and truncated ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "bench/profile/compare.hpp"
#include "bench/profile/event.hpp"
#include "bench/profile/functions.hpp"
#include "bench/profile/schedule.hpp"
#include "bench/profile/stages.hpp"

namespace kudp::profile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(ProfileEvent, ReadsALineOfTraceCmd) {
  const auto event = parse_event(
      "  kudp/0/a [1] b-119   [001]     8.477286005: netif_rx:   dev=kudp-s "
      "skbaddr=0xff42836e35ff3d00 len=92");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->comm, "kudp/0/a [1] b");
  EXPECT_EQ(event->pid, 119);
  EXPECT_EQ(event->cpu, 1);
  EXPECT_EQ(event->ns, 8'477'286'005);
  EXPECT_EQ(event->name, "netif_rx");
  EXPECT_EQ(event->field("dev"), "kudp-s");
  EXPECT_EQ(event->address("skbaddr"), 0xff42836e35ff3d00);
  EXPECT_EQ(event->number("len"), 92u);
  EXPECT_EQ(event->field("kbaddr"), std::nullopt);
}

TEST(ProfileEvent, TheNameOfTheInstanceIsNoThread) {
  const auto event =
      parse_event("kudp-profile:     kudp-profile-111   [000]     4.836000427: a: b");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->comm, "kudp-profile");
  EXPECT_EQ(event->pid, 111);
}

TEST(ProfileEvent, ReadsATimeWithoutAPoint) {
  EXPECT_EQ(parse_event(" x-1 [000] 15256747654: a: b")->ns, 15'256'747'654);
  EXPECT_FALSE(parse_event(" x-1 [000] 15256747654n: a: b"));
}

TEST(ProfileEvent, RefusesWhatIsNone) {
  for (const char* line :
       {"", "cpus=2", "CPU 0 is empty", " x-1 [000]", " x-1 [000] 1.5", " x-1 [000] 1.5: netif_rx",
        " x [000] 1.5: a: b", " x-y [000] 1.5: a: b", " x-1 [000] 1.: a: b",
        " x-1 [000] 1.5x: a: b", " x-1 [999999999999] 1.5: a: b", "[EVENTS DROPPED]"})
    EXPECT_FALSE(parse_event(line)) << line;
}

TEST(ProfileEvent, CountsWhatItCouldNotRead) {
  std::istringstream text("cpus=1\n x-1 [000] 1.5: a: b\n x-1 [000] 1.");
  Report report(text);
  EXPECT_TRUE(report.next());
  EXPECT_FALSE(report.next());
  EXPECT_EQ(report.broken(), 1u);
}

// Events at times given in nanoseconds, all on CPU 0.
class Stages : public testing::Test {
 protected:
  void at(std::int64_t ns, const std::string& comm, int pid, const std::string& name,
          const std::string& text) {
    const Event event{ns, 0, pid, comm, name, " " + text};
    clock.add(event);
    schedule.add(event);
  }
  void request_arrives(std::int64_t ns, const std::string& skb) {
    at(ns, "client", 1, "net_dev_start_xmit", "dev=kudp-c skbaddr=" + skb);
    at(ns + 10, "client", 1, "netif_rx", "dev=kudp-s skbaddr=" + skb);
    at(ns + 110, "client", 1, "deliver", "(ffffffff81) skb=" + skb);
  }
  void reply_leaves(std::int64_t ns, const std::string& skb) {
    at(ns, "baseline/0", 2, "net_dev_queue", "dev=kudp-s skbaddr=" + skb);
    at(ns + 40, "baseline/0", 2, "net_dev_start_xmit", "dev=kudp-s skbaddr=" + skb);
    at(ns + 50, "baseline/0", 2, "netif_rx", "dev=kudp-c skbaddr=" + skb);
  }

  StageClock clock{"kudp-s", "kudp-c"};
  Schedule schedule;
};

TEST_F(Stages, AServerThatCopiesAndSleeps) {
  request_arrives(1000, "0xa0");
  at(1120, "client", 1, "sched_waking", "comm=baseline/0 pid=2 prio=120 target_cpu=000");
  at(4120, "client", 1, "sched_switch", "client:1 [120] S ==> baseline/0:2 [120]");
  at(4320, "baseline/0", 2, "take", "(ffffffff81 <- ffffffff82) skb=0xa0");
  at(9320, "baseline/0", 2, "out", "(ffffffff81) skb=0xb0");
  reply_leaves(9400, "0xb0");
  ASSERT_EQ(clock.requests().size(), 1u);
  //                      softirq queue wake-up service reply rest whole
  EXPECT_THAT(stages_of(clock.requests()[0]), ElementsAre(100, 210, 3000, 5000, 120, 20, 8450));
  EXPECT_EQ(clock.incomplete(), 0u);
  const auto records = schedule.records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0]["thread"], "baseline/0-2");
  EXPECT_EQ(records[0]["mean_ns"], 3000);
}

// The client's own receiving of the reply has the same probes, and must count for nothing.
TEST_F(Stages, AnEngineThatAnswersInPlace) {
  request_arrives(1000, "0xa0");
  at(1150, "client", 1, "answer", "(ffffffff81) skb=0xa0");
  at(1350, "client", 1, "out", "(ffffffff81) skb=0xa0");
  reply_leaves(1400, "0xa0");
  at(1500, "client", 1, "deliver", "(ffffffff81) skb=0xa0");
  at(1600, "client", 1, "take", "(ffffffff81 <- ffffffff82) skb=0xa0");
  ASSERT_EQ(clock.requests().size(), 1u);
  EXPECT_THAT(stages_of(clock.requests()[0]), ElementsAre(100, 40, 0, 200, 90, 20, 450));
  EXPECT_TRUE(clock.servers().empty());
}

TEST_F(Stages, ABatchIsAnsweredInItsOrder) {
  request_arrives(1000, "0xa0");
  request_arrives(2000, "0xa1");
  for (const char* skb : {"0xa0", "0xa1"})
    at(3000, "baseline/0", 2, "take", std::string("skb=") + skb);
  for (const char* skb : {"0xb0", "0xb1"}) {
    at(4000, "baseline/0", 2, "out", std::string("skb=") + skb);
    reply_leaves(4000, skb);
  }
  ASSERT_EQ(clock.requests().size(), 2u);
  EXPECT_EQ(clock.requests()[0].sent, 1000);
  EXPECT_EQ(clock.requests()[1].sent, 2000);
}

TEST_F(Stages, APreemptedThreadWaitsForItsCpuToo) {
  request_arrives(1000, "0xa0");
  at(1200, "baseline/0", 2, "sched_switch", "baseline/0:2 [120] R+ ==> busy:3 [120]");
  at(5200, "busy", 3, "sched_switch",
     "prev_comm=busy prev_pid=3 prev_prio=120 prev_state=S ==> next_comm=baseline/0 next_pid=2 "
     "next_prio=120");
  at(5300, "baseline/0", 2, "take", "skb=0xa0");
  at(5400, "baseline/0", 2, "out", "skb=0xb0");
  reply_leaves(5400, "0xb0");
  ASSERT_EQ(clock.requests().size(), 1u);
  EXPECT_EQ(clock.requests()[0].wake_up, 4000);
}

TEST_F(Stages, WhatIsCutOffIsCountedNotGuessed) {
  at(10, "client", 1, "deliver", "skb=0x77");  // began before the trace did
  at(20, "client", 1, "netif_rx", "dev=kudp-s");
  at(30, "client", 1, "take", "skb=(null)");
  at(40, "client", 1, "sched_switch", " ==> ");
  at(50, "client", 1, "sched_switch", "a:1 [120] S ==> ");
  request_arrives(1000, "0xa0");
  request_arrives(2000, "0xa0");  // the first one's skb was freed
  request_arrives(3000, "0xa1");
  at(3500, "baseline/0", 2, "take", "skb=0xa1");
  EXPECT_TRUE(clock.requests().empty());
  EXPECT_EQ(clock.incomplete(), 3u);
}

TEST(ProfileDistribution, CountsByPowersOfTwo) {
  const auto record = distribution({0, 1, 2, 3, 4, -5});
  EXPECT_EQ(record["count"], 6);
  EXPECT_EQ(record["log2"], (std::vector<int>{2, 1, 2, 1}));
  EXPECT_EQ(record["max_ns"], 4);
  EXPECT_EQ(distribution({})["count"], 0);
}

class Functions : public testing::Test {
 protected:
  void line(const std::string& name, const std::string& text, const std::string& comm = "kudp/0/x",
            int pid = 5, std::int64_t ns = 0) {
    tree.add({ns, 0, pid, comm, name, text});
  }
  FunctionTree tree;
};

TEST_F(Functions, SelfTimeIsWhatTheChildrenLeave) {
  line("funcgraph_entry", "                   |  kudp_answer() {");
  line("funcgraph_entry", "        0.250 us   |    kudp_route_ipv4();");
  line("funcgraph_entry", "                   |  net_rx_action() {", "client", 1);
  line("funcgraph_exit", "       0.100 us    |  }", "client", 1);
  line("funcgraph_exit", "      + 10.500 us   |  }", "kudp/0/x", 5, 10'500);
  line("funcgraph_entry", "        9.000 us   |  schedule();", "client", 1);
  EXPECT_EQ(tree.collapsed(),
            "kudp_answer 10250\nkudp_answer;kudp_route_ipv4 250\nnet_rx_action 100\n");
  EXPECT_EQ(tree.calls(), 4u);
  EXPECT_EQ(tree.unmatched(), 0u);
  EXPECT_EQ(tree.records()[0]["function"], "kudp_answer");
}

// Two leaves 1,000 ns apart, the shortest of 100: so much of a call's cost is within, 900 its
// caller's.
TEST_F(Functions, WhatTracingAddedIsTakenOff) {
  line("funcgraph_entry", "                   |  kudp_answer() {");
  line("funcgraph_entry", "        0.100 us   |    first();", "kudp/0/x", 5, 5000);
  line("funcgraph_entry", "        0.250 us   |    second();", "kudp/0/x", 5, 6000);
  line("funcgraph_exit", "       + 10.350 us |  }", "kudp/0/x", 5, 10'350);
  line("funcgraph_entry", "        0.400 us   |  schedule();", "kudp/0/x", 5, 9000);
  EXPECT_EQ(tree.correct(), 1000);
  EXPECT_EQ(tree.collapsed(), "kudp_answer 8100\nkudp_answer;second 150\nschedule 300\n");
}

// What the interrupt between the call of late() and the record of it did is told before it, and
// again as late()'s own time; likewise of open(), which calls.
TEST_F(Functions, AnInterruptIsNotCountedTwice) {
  line("funcgraph_entry", "                   |  kudp_answer() {");
  line("funcgraph_entry", "      + 90.000 us  |      tick();", "kudp/0/x", 5, 1000);
  line("funcgraph_entry", "      + 98.820 us  |    late();", "kudp/0/x", 5, 99'000);
  line("funcgraph_entry", "                   |    open() {", "kudp/0/x", 5, 99'400);
  line("funcgraph_exit", "       + 98.000 us |    }", "kudp/0/x", 5, 99'700);
  line("funcgraph_exit", "       ! 100.000 us |  }", "kudp/0/x", 5, 100'000);
  EXPECT_THAT(tree.collapsed(), HasSubstr("kudp_answer;tick 90000\n"));
  EXPECT_THAT(tree.collapsed(), HasSubstr("kudp_answer;late 1400\n"));
  EXPECT_THAT(tree.collapsed(), HasSubstr("kudp_answer;open 1300\n"));
}

// Likewise at the end: tick() came when ended() had, and before that was recorded.
TEST_F(Functions, AnInterruptIsItsCallersWhereAFunctionHadEnded) {
  line("funcgraph_entry", "                   |  kudp_answer() {");
  line("funcgraph_entry", "                   |    ended() {", "kudp/0/x", 5, 100);
  line("funcgraph_entry", "                   |    tick() {", "kudp/0/x", 5, 1000);
  line("funcgraph_exit", "      + 90.000 us  |    }", "kudp/0/x", 5, 91'000);
  line("funcgraph_exit", "        0.800 us   |    }", "kudp/0/x", 5, 91'500);
  line("funcgraph_exit", "      + 92.000 us  |  }", "kudp/0/x", 5, 92'000);
  EXPECT_EQ(tree.collapsed(), "kudp_answer 1200\nkudp_answer;ended 800\nkudp_answer;tick 90000\n");
}

TEST_F(Functions, WhatIsCutOffIsCounted) {
  line("funcgraph_exit", "       0.100 us    |  }");
  line("funcgraph_entry", "                   |  a() {");
  line("funcgraph_entry", "no bar");
  line("funcgraph_entry", "   | ");
  EXPECT_EQ(tree.unmatched(), 4u);
  EXPECT_EQ(tree.collapsed(), "");
}

std::vector<nlohmann::ordered_json> profile_of(const char* server, double queue, double service) {
  return {{{"record", "header"}, {"server", server}, {"load", "l"}, {"clock", "time"}},
          {{"record", "stage"}, {"stage", "queue"}, {"mean_ns", queue}},
          {{"record", "stage"}, {"stage", "service"}, {"mean_ns", service}},
          {{"record", "stage"}, {"stage", "whole"}, {"mean_ns", queue + service}}};
}

TEST(ProfileCompare, TheStageThatDiffersMostComesFirst) {
  const auto text =
      compare_text(profile_of("kthread", 100, 1000), profile_of("classic", 110, 4000));
  EXPECT_THAT(text, HasSubstr("a request takes kthread 1100 and classic 4110 ns"));
  EXPECT_LT(text.find("service"), text.find("queue"));
  EXPECT_THAT(text, HasSubstr("classic spends 3000 more there, 73 % of its whole"));
  EXPECT_THAT(text, HasSubstr("about the same"));
}

TEST(ProfileCompare, SaysWhatARequestCostsAndWhichFunctionsDoIt) {
  auto a = profile_of("kthread", 100, 1000), b = profile_of("classic", 110, 4000);
  EXPECT_THAT(compare_text(a, b), Not(HasSubstr("costs")));
  for (auto* records : {&a, &b}) {
    const int times = records == &a ? 1 : 3;
    records->push_back({{"record", "price"},
                        {"tracing", "off"},
                        {"ns_per_request", 1000 + 250 * times},
                        {"switches_per_request", 0.5 * times}});
    records->push_back(
        {{"record", "price"}, {"tracing", "events"}, {"ns_per_request", 9000 * times}});
    records->push_back({{"record", "functions"}, {"requests", 10}});
    for (const char* name : {"copy", "same"})
      records->push_back({{"record", "function"},
                          {"function", name},
                          {"calls", 10 * times},
                          {"self_ns", name[0] == 'c' ? 500 * times : 700}});
  }
  b.push_back({{"record", "function"}, {"function", "own"}, {"calls", 5}, {"self_ns", 800}});
  const auto text = compare_text(a, b);
  EXPECT_THAT(text, HasSubstr("kthread 1250 and classic 1750 ns, tracing off: classic 40.0 % more; "
                              "with 0.50 and 1.50"));
  EXPECT_THAT(text, HasSubstr("kthread 50 in 1.00 calls, classic 150 in 3.00: classic 100 more"));
  EXPECT_THAT(text, HasSubstr("kthread 0 in 0.00 calls, classic 80 in 0.50: classic 80 more"));
  EXPECT_LT(text.find("\ncopy "), text.find("\nown "));
}

TEST(ProfileCompare, RefusesWhatIsNoProfile) {
  EXPECT_THROW(compare_text({}, profile_of("a", 1, 1)), std::runtime_error);
  auto other = profile_of("b", 1, 1);
  other[0]["load"] = "another";
  EXPECT_THROW(compare_text(profile_of("a", 1, 1), other), std::runtime_error);
}

}  // namespace
}  // namespace kudp::profile
