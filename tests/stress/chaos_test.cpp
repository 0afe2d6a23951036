// SPDX-License-Identifier: GPL-2.0-only
// What an administrator or the machine may do to a responder, at random moments and under flood
// from outside and inside, over IPv4 and IPv6: nothing breaks, leaks, or is answered too late.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "tests/guest/flood.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"
#include "tests/stress/extent.hpp"
#include "tests/stress/leaks.hpp"

namespace kudp::stress {
namespace {

using namespace guest;
using namespace std::chrono_literals;

struct Variant {
  const char* name;
  const char* engine;
  Responder::Settings more;
};

void PrintTo(const Variant& variant, std::ostream* out) {
  *out << variant.name;
}

const Variant kVariants[] = {
    {"classic", "classic", {}},
    {"kthread", "kthread", {}},
    {"softirq", "softirq", {}},
    {"kthread_gro", "kthread", {{"gro", "1"}}},
    {"softirq_gro", "softirq", {{"gro", "1"}}},
    {"softirq_link", "softirq", {{"turnaround", "link"}}},
};

class Chaos : public testing::TestWithParam<Variant> {
 public:
  using Action = void (Chaos::*)();

  // What is done to the responder; each leaves it enabled, and the network as it was.
  void disable_and_enable() {
    disable();
    ASSERT_EQ(responder_->set("enabled", "1"), 0);
  }
  void reconfigure() {
    disable();
    ASSERT_EQ(responder_->set("batch", std::to_string(1 + pick(256))), 0);
    ASSERT_EQ(responder_->set("rcvbuf", std::to_string(4096 << pick(12))), 0);
    apply(any_options());
    ASSERT_EQ(responder_->set("enabled", "1"), 0);
    pause();
    disable();
    configure();
  }
  void remove_directory() {
    responder_.reset();
    EXPECT_TRUE(threads_named("kudp/").empty());
    start();
  }
  void unload() {
    responder_.reset();
    ASSERT_EQ(unload_module(), 0);
    std::string parameters = "address=:: port=9000 engine=" + std::string(GetParam().engine);
    for (const auto& [name, value] : GetParam().more) parameters += " " + name + "=" + value;
    ASSERT_EQ(load_module(parameters), 0);
    pause();
    ASSERT_EQ(unload_module(), 0);
    EXPECT_TRUE(threads_named("kudp/").empty());
    ASSERT_EQ(load_module(""), 0);
    start();
  }
  void remove_namespace() {
    run("ip netns add kudp-brief");
    ip("", {"link add kudp-b type veth peer name kudp-n netns kudp-brief",
            "address add 198.18.2.1/24 dev kudp-b",
            "address add fd00:6b75:6470:2::1/64 dev kudp-b nodad", "link set kudp-b up"});
    ip("-n kudp-brief ",
       {"address add 198.18.2.2/24 dev kudp-n",
        "address add fd00:6b75:6470:2::2/64 dev kudp-n nodad", "link set kudp-n up"});
    auto settings = GetParam().more;
    settings.insert(settings.begin(),
                    {{"engine", GetParam().engine}, {"address", "::"}, {"port", "9000"}});
    Responder brief("brief", settings);
    std::thread([&] {
      const Fd other(open("/run/netns/kudp-brief", O_RDONLY | O_CLOEXEC));
      EXPECT_EQ(setns(other.get(), CLONE_NEWNET), 0);
      EXPECT_EQ(brief.set("enabled", "1"), 0);
    }).join();
    {
      const Flood flood4(Where::kHere, "198.18.2.2:9000", 1);
      const Flood flood6(Where::kHere, "[fd00:6b75:6470:2::2]:9000", 1);
      EXPECT_TRUE(flood4.flows(5)) << "into a namespace of its own";
      EXPECT_TRUE(flood6.flows(5)) << "into a namespace of its own";
      pause();
      run("ip netns delete kudp-brief");
    }
    EXPECT_TRUE(eventually([&] { return brief.get("enabled") == "0"; }));
  }
  void interface_down_and_up() {
    set_device("flags", "0x1002");  // IFF_BROADCAST, IFF_MULTICAST
    pause();
    set_device("flags", "0x1003");  // and IFF_UP
    restore_addresses();
  }
  // Below 1280 there is no IPv6 on a device.
  void change_mtu() {
    for (const char* mtu : {"576", "1280", "9000", "1500"}) {
      set_device("mtu", mtu);
      pause();
    }
    restore_addresses();
  }
  void unplug_cpu() {
    if (!std::filesystem::exists("/sys/devices/system/cpu/cpu1/online")) return;
    ASSERT_EQ(write_file("/sys/devices/system/cpu/cpu1/online", "0"), 0);
    pause();
    ASSERT_EQ(write_file("/sys/devices/system/cpu/cpu1/online", "1"), 0);
  }
  void replace_routes() {
    ip("", {"route replace unreachable 198.18.1.9/32",
            "route replace unreachable fd00:6b75:6470:1::9/128"});
    pause();
    ip("", {"route replace 198.18.1.9/32 dev kudp-s mtu 600",
            "route replace fd00:6b75:6470:1::9/128 dev kudp-s mtu 1300"});
    pause();
    ip("", {"route delete 198.18.1.9/32", "route delete fd00:6b75:6470:1::9/128"});
  }
  void suspend_clients() {
    for (auto& flood : floods_) flood->suspend();
    pause();
    for (auto& flood : floods_) flood->resume();
  }

 protected:
  void SetUp() override {
    flood();
    start();
  }
  void TearDown() override {
    responder_.reset();
    floods_.clear();
  }

  void cycle(Action action) {
    pause();
    (this->*action)();
    for (const auto& flood : floods_) EXPECT_TRUE(flood->flows(5)) << "after it";
  }

  // With nothing on its way, so that only what is kept counts. The kernel keeps a namespace that is
  // gone until the next goes: that is this one; and routes over addresses that went, but not past
  // an MTU without IPv6.
  Objects objects_at_rest() {
    run("ip netns add kudp-brief && ip netns delete kudp-brief");
    EXPECT_EQ(responder_->set("enabled", "0"), 0);
    for (auto& flood : floods_) flood->suspend();
    for (auto& flood : floods_) flood->drain();
    change_mtu();
    const Objects objects = count_objects();
    for (auto& flood : floods_) flood->resume();
    EXPECT_EQ(responder_->set("enabled", "1"), 0);
    return objects;
  }

  std::mt19937 random_ = seeded();

 private:
  unsigned pick(unsigned n) { return random_() % n; }
  void pause() { std::this_thread::sleep_for(std::chrono::microseconds(pick(30000))); }

  // Anew, from other ports. One client each, which two CPUs are busy with already: more would only
  // keep the test waiting.
  void flood() {
    const auto before = std::exchange(floods_, {});
    for (const char* target : {kServer4, kServer6})
      floods_.push_back(std::make_unique<Flood>(Where::kClient, at(target, 9000), 1));
    floods_.push_back(std::make_unique<Flood>(Where::kHere, "127.0.0.1:9000", 1));
  }

  void configure() {
    apply({{"reply", "echo"}, {"batch", "64"}, {"rcvbuf", "4194304"}, {"stateful", "0"}});
    apply(open_options());
    ASSERT_EQ(responder_->set("enabled", "1"), 0);
  }
  void apply(const Responder::Settings& settings) {
    for (const auto& [name, value] : settings)
      ASSERT_EQ(responder_->set(name, value), 0) << name << " " << value;
  }

  bool has(const char* name) const {
    return std::ranges::any_of(GetParam().more,
                               [&](const auto& each) { return each.first == name; });
  }
  // With which all are answered: limits that nobody here reaches, a list that everyone is in.
  Responder::Settings open_options() {
    const auto some = [&](const char* value, const char* none) { return pick(2) ? value : none; };
    Responder::Settings options{{"allow", some("0.0.0.0/0 ::/0", "all")},
                                {"rate", some("100000000", "0")},
                                {"rate_prefix", some("100000000", "0")},
                                {"log", some(has("gro") ? "0" : "1", "0")}};
    if (GetParam().engine == std::string("kthread"))
      options.emplace_back("busy_poll", some("50", "0"));
    return options;
  }
  // With which some are refused, all, or none.
  Responder::Settings any_options() {
    static constexpr const char* kReplies[] = {"echo", "discard", "text", "stamp"};
    static constexpr const char* kAllow[] = {"all", "127.0.0.0/8", "fd00:6b75:6470:1::/64",
                                             "192.0.2.0/24"};
    Responder::Settings options = open_options();
    options.insert(options.end(),
                   {{"reply", kReplies[pick(has("gro") ? 2 : 4)]},
                    {"text", std::string(pick(1024), 't')},
                    {"amplify", std::to_string(pick(2))},
                    {"stateful", std::to_string(pick(2))},
                    {"allow", kAllow[pick(std::size(kAllow))]},
                    {"rate", pick(2) ? "0" : std::to_string(1 + pick(1000))},
                    {"rate_prefix", pick(2) ? "0" : std::to_string(1 + pick(1000))}});
    return options;
  }

  void start() {
    auto settings = GetParam().more;
    settings.insert(settings.begin(),
                    {{"engine", GetParam().engine}, {"address", "::"}, {"port", "9000"}});
    for (const auto& option : open_options()) settings.push_back(option);
    settings.emplace_back("enabled", "1");
    responder_ = std::make_unique<Responder>("r", settings);
  }

  // Once disabled, no counter moves, and nobody who asks from then on is answered: these are
  // sockets of their own. What was answered before is the network's, and may come at any time: it
  // may wait for a softirq's turn, or for a neighbour to say where it is.
  void disable() {
    ASSERT_EQ(responder_->set("enabled", "0"), 0);
    const Counters counters = responder_->stats();
    EXPECT_TRUE(adds_up(counters));
    flood();
    std::this_thread::sleep_for(20ms);
    pause();
    for (const auto& flood : floods_)
      EXPECT_EQ(flood->replies(), 0u) << "answered after enabled=0 had returned";
    EXPECT_EQ(responder_->stats(), counters);
  }

  // Starting a program takes seconds under flood: as few as possible.
  static void ip(const std::string& options, const std::vector<std::string>& commands) {
    std::string batch = "ip " + options + "-batch - <<'TEXT'\n";
    for (const auto& command : commands) batch += command + "\n";
    run(batch + "TEXT");
  }
  static void set_device(const std::string& attribute, const std::string& value) {
    ASSERT_EQ(write_file("/sys/class/net/kudp-s/" + attribute, value), 0) << attribute;
  }
  // IPv6 addresses go with the device's up, and with an MTU below 1280.
  static void restore_addresses() {
    std::vector<std::string> commands;
    for (const char* address : {kServer6, kServer6b})
      commands.push_back("address replace " + std::string(address) + "/64 dev kudp-s nodad");
    ip("", commands);
  }

  std::unique_ptr<Responder> responder_;
  std::vector<std::unique_ptr<Flood>> floods_;
};

INSTANTIATE_TEST_SUITE_P(, Chaos, testing::ValuesIn(kVariants),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(Chaos, Cycles) {
  std::vector<std::pair<const char*, Action>> actions{
      {"disable and enable", &Chaos::disable_and_enable},
      {"reconfigure", &Chaos::reconfigure},
      {"remove the directory", &Chaos::remove_directory},
      {"unload", &Chaos::unload},
      {"remove the namespace", &Chaos::remove_namespace},
      {"interface down, up", &Chaos::interface_down_and_up},
      {"change the MTU", &Chaos::change_mtu},
      {"CPU off, on", &Chaos::unplug_cpu},
      {"replace routes", &Chaos::replace_routes},
      {"suspend the clients", &Chaos::suspend_clients},
  };
  constexpr int variants = std::size(kVariants);
  // In a brief run each action has its turn once on each variant.
  const int cycles = extent(static_cast<int>(actions.size()), (1000 + variants - 1) / variants);
  Objects before;
  for (int i = -1; i < cycles; ++i) {  // the first is not counted: it fills caches
    if (i == 0) before = objects_at_rest();
    const std::size_t next = (i + 1) % actions.size();
    if (next == 0) std::shuffle(actions.begin(), actions.end(), random_);
    SCOPED_TRACE("cycle " + std::to_string(i) + ": " + actions[next].first);
    cycle(actions[next].second);
    if (HasFailure()) return;
  }
  // In a full run each action has its turn more often than that.
  constexpr long kNoise = 10;
  EXPECT_EQ(stays_grown(before, kNoise, [this] { return objects_at_rest(); }), "");
}

}  // namespace
}  // namespace kudp::stress
