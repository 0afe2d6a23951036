// SPDX-License-Identifier: GPL-2.0-only
// Coming and going: unload under load, namespaces, CPUs.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "loadgen/base/cpus.hpp"
#include "tests/guest/flood.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

using namespace std::chrono_literals;

class Lifecycle : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(, Lifecycle, testing::Values("classic", "kthread", "softirq"),
                         [](const auto& test) { return std::string(test.param); });

void unload_under_load(int times, const std::string& parameters) {
  ASSERT_EQ(unload_module(), 0);
  {
    const Flood outside(Where::kClient, at(kServer4, 9000));
    const Flood inside(Where::kHere, at("::1", 9000));
    for (int i = 0; i < times; ++i) {
      ASSERT_EQ(load_module("address=:: port=9000 " + parameters), 0);
      EXPECT_TRUE(outside.flows(10)) << "round " << i;
      EXPECT_TRUE(inside.flows(10)) << "round " << i;
      ASSERT_EQ(unload_module(), 0);
      EXPECT_TRUE(threads_named("kudp/").empty());
    }
  }
  ASSERT_EQ(load_module(""), 0);
}

TEST_P(Lifecycle, UnloadUnderLoadTwentyTimes) {
  unload_under_load(20, "engine=" + std::string(GetParam()));
}

TEST(BusyPoll, UnloadUnderLoad) {
  unload_under_load(5, "busy_poll=1000");
  unload_under_load(5, "busy_poll=1000 gro=1");
}

// How often these threads have gone to sleep so far.
std::uint64_t sleeps(const std::vector<int>& threads) {
  static const std::string kLine = "\nvoluntary_ctxt_switches:";
  std::uint64_t sum = 0;
  for (const int thread : threads) {
    const std::string status = read_file("/proc/" + std::to_string(thread) + "/status");
    sum += std::stoull(status.substr(status.find(kLine) + kLine.size()));
  }
  return sum;
}

struct Trips {
  std::uint64_t wake_ups = 0;
  std::chrono::microseconds median{};
};

// A trigger that outlived a test would be there when the module goes.
class WakeUps {
 public:
  WakeUps() { EXPECT_EQ(write_file(event_ + "trigger", "hist:keys=cpu"), 0); }
  ~WakeUps() { EXPECT_EQ(write_file(event_ + "trigger", "!hist:keys=cpu"), 0); }
  WakeUps(const WakeUps&) = delete;
  WakeUps& operator=(const WakeUps&) = delete;

  std::uint64_t count() const {
    const std::string counted = read_file(event_ + "hist");
    const auto hits = counted.find("Hits: ");
    if (hits == counted.npos) throw std::runtime_error("no hits in " + counted);
    return std::stoull(counted.substr(hits + 6));
  }

 private:
  const std::string event_ = "/sys/kernel/tracing/events/kudp/kudp_wake/";
};

// As many requests, one at a time, over the veth pair. Without polling each finds the thread
// asleep.
Trips round_trips(const std::string& busy_poll, std::uint64_t requests) {
  const Responder responder(
      "r", {{"address", kServer4}, {"port", "9000"}, {"busy_poll", busy_poll}, {"enabled", "1"}});
  Client client(Where::kClient, at(kServer4, 9000));
  const WakeUps wake_ups;
  const auto threads = threads_named("kudp/");
  const bool polls = busy_poll != "0";
  std::vector<std::chrono::microseconds> trips;
  for (std::uint64_t i = 0; i < requests; ++i) {
    Client::Reply reply;
    const std::uint64_t before = polls ? 0 : sleeps(threads);
    const auto start = std::chrono::steady_clock::now();
    client.send(payload(64, i));
    if (!client.receive(reply)) throw std::runtime_error("no reply to " + std::to_string(i));
    trips.push_back(std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - start));
    EXPECT_TRUE(reply.payload == payload(64, i));
    for (int n = 0; !polls && sleeps(threads) == before; ++n) {
      if (n == 5000) throw std::runtime_error("the thread stays awake");
      std::this_thread::sleep_for(1ms);
    }
  }
  const std::uint64_t counted = wake_ups.count();
  EXPECT_TRUE(adds_up(responder.settled(requests)));
  std::nth_element(trips.begin(), trips.begin() + requests / 2, trips.end());
  return {counted, trips[requests / 2]};
}

// How many it saves depends on who else wants the CPU; without, it is none.
TEST(BusyPoll, SavesWakeUps) {
  constexpr std::uint64_t kRequests = 500;
  EXPECT_EQ(round_trips("0", kRequests).wake_ups, kRequests);
  const Trips polled = round_trips("1000", kRequests);
  RecordProperty("wake_ups", std::to_string(polled.wake_ups));
  // On a kernel so slow that the next request comes when the polling is over, there is none to
  // save.
  if (polled.wake_ups >= kRequests * 9 / 10 && polled.median > 1000us)
    GTEST_SKIP() << "half the round trips took over " << polled.median.count()
                 << " us, and busy_poll is 1000 at most";
  EXPECT_LT(polled.wake_ups, kRequests * 9 / 10);
}

TEST_P(Lifecycle, NothingIsAnsweredAfterDisable) {
  Responder responder("r", {{"engine", GetParam()}, {"address", kServer4}, {"port", "9000"}});
  const Flood flood(Where::kClient, at(kServer4, 9000));
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(responder.set("enabled", "1"), 0);
    ASSERT_TRUE(flood.flows());
    ASSERT_EQ(responder.set("enabled", "0"), 0);
    const std::uint64_t answered = responder.stats()["answered"];
    const auto asked = [] {
      return std::stoull(read_file("/sys/class/net/kudp-s/statistics/rx_packets"));
    };
    const auto before = asked();
    EXPECT_TRUE(eventually([&] { return asked() >= before + 100; }));
    EXPECT_EQ(responder.stats()["answered"], answered);
    EXPECT_TRUE(adds_up(responder.stats()));
  }
}

TEST_P(Lifecycle, RemovedDirectoryStopsTheResponder) {
  const Flood flood(Where::kHere, "127.0.0.1:9000");
  {
    const Responder responder("r", {{"engine", GetParam()}, {"port", "9000"}, {"enabled", "1"}});
    ASSERT_TRUE(flood.flows());
  }
  EXPECT_TRUE(threads_named("kudp/").empty());
  EXPECT_FALSE(std::filesystem::exists("/sys/kernel/config/kudp/r"));
}

TEST_P(Lifecycle, LivesInTheNamespaceOfWhoEnabledIt) {
  Responder responder("r", {{"engine", GetParam()}, {"address", "198.18.1.9"}, {"port", "9000"}});
  EXPECT_EQ(responder.set("enabled", "1"), EADDRNOTAVAIL) << "the address is the client's";
  run("nsenter --net=/run/netns/kudp-client sh -c 'echo 1 >/sys/kernel/config/kudp/r/enabled'");
  Client client(Where::kHere, "198.18.1.9:9000");
  client.send("x");
  Client::Reply reply;
  EXPECT_TRUE(client.receive(reply));
  EXPECT_TRUE(workers_of("r").empty()) << "not this namespace's";
  ASSERT_EQ(responder.set("enabled", "0"), 0);
}

TEST_P(Lifecycle, DiesWithItsNamespace) {
  run("ip netns add kudp-brief && ip -n kudp-brief link set lo up");
  Responder responder("r", {{"engine", GetParam()}, {"port", "9000"}});
  run("nsenter --net=/run/netns/kudp-brief sh -c 'echo 1 >/sys/kernel/config/kudp/r/enabled'");
  EXPECT_EQ(responder.get("enabled"), "1");
  run("ip netns delete kudp-brief");
  EXPECT_TRUE(eventually([&] { return responder.get("enabled") == "0"; }));
  EXPECT_TRUE(threads_named("kudp/").empty());
  EXPECT_EQ(responder.set("enabled", "1"), 0) << "and can be enabled elsewhere";
}

TEST_P(Lifecycle, FollowsCpus) {
  if (!std::filesystem::exists("/sys/devices/system/cpu/cpu1/online"))
    GTEST_SKIP() << "there is no second CPU to take away";
  const Responder responder(
      "r", {{"engine", GetParam()}, {"address", "::"}, {"port", "9000"}, {"enabled", "1"}});
  const Flood outside(Where::kClient, at(kServer4, 9000));
  const Flood inside(Where::kHere, "127.0.0.1:9000");
  const bool threaded = GetParam() != std::string("softirq");
  const auto threads = threads_named("kudp/").size();
  EXPECT_EQ(threads, threaded ? allowed_cpus().size() : 0);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(write_file("/sys/devices/system/cpu/cpu1/online", "0"), 0);
    EXPECT_EQ(threads_named("kudp/").size(), threads - threaded);
    EXPECT_TRUE(outside.flows());
    EXPECT_TRUE(inside.flows());
    ASSERT_EQ(write_file("/sys/devices/system/cpu/cpu1/online", "1"), 0);
    EXPECT_EQ(threads_named("kudp/").size(), threads);
    EXPECT_TRUE(outside.flows());
    EXPECT_TRUE(inside.flows());
  }
  // The CPU that came back works again, with the thread bound to it.
  const auto before = workers_of("r").at(1)["received"];
  std::thread([&] {
    pin_to(1);
    Client client(Where::kHere, "127.0.0.1:9000");
    client.send("x");
    Client::Reply reply;
    EXPECT_TRUE(client.receive(reply));
  }).join();
  EXPECT_GT(workers_of("r").at(1)["received"], before);
}

// A rate is that of all CPUs together, also when one comes after it was shared out.
TEST_P(Lifecycle, ARateStaysWhenACpuComes) {
  const std::string cpu1 = "/sys/devices/system/cpu/cpu1/online";
  if (!std::filesystem::exists(cpu1)) GTEST_SKIP() << "there is no second CPU to take away";
  constexpr unsigned kRate = 20, kRequests = 2 * kRate;
  ASSERT_EQ(write_file(cpu1, "0"), 0);
  const Responder responder("r", {{"engine", GetParam()},
                                  {"port", "9000"},
                                  {"rate", std::to_string(kRate)},
                                  {"enabled", "1"}});
  ASSERT_EQ(write_file(cpu1, "1"), 0);
  const auto begin = std::chrono::steady_clock::now();
  for (const int cpu : {0, 1})
    std::thread([&] {
      pin_to(cpu);
      Client client(Where::kHere, "127.0.0.1:9000");
      for (unsigned i = 0; i < kRequests; ++i) client.send("x");
    }).join();
  const Counters counters = responder.settled(2 * kRequests);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(counters.at("answered") + counters.at("rate"), 2 * kRequests);
  EXPECT_LE(counters.at("answered"), kRate * (1 + took.count()) + 2);
  EXPECT_GE(counters.at("answered"), kRate) << "the buckets were full";
}

class Threads : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(, Threads, testing::Values("classic", "kthread"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Threads, AreBoundToTheirCpus) {
  const Responder responder("r", {{"engine", GetParam()}, {"port", "9000"}, {"enabled", "1"}});
  for (const int cpu : allowed_cpus()) {
    const auto threads = threads_named("kudp/" + std::to_string(cpu) + "/r");
    ASSERT_EQ(threads.size(), 1u);
    cpu_set_t set;
    ASSERT_EQ(sched_getaffinity(threads[0], sizeof set, &set), 0);
    EXPECT_EQ(CPU_COUNT(&set), 1);
    EXPECT_TRUE(CPU_ISSET(cpu, &set));
  }
}

}  // namespace
}  // namespace kudp::guest
