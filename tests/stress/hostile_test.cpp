// SPDX-License-Identifier: GPL-2.0-only
// Frames of a hostile neighbour, mutated at random, on each engine and at each MTU: the kernel
// stays silent and the books balance.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"
#include "tests/stress/attacker.hpp"
#include "tests/stress/extent.hpp"
#include "tests/stress/frame.hpp"
#include "tests/stress/leaks.hpp"
#include "tests/stress/ledger.hpp"
#include "tests/stress/target.hpp"

namespace kudp::stress {
namespace {

using namespace guest;

std::string bytes_of(int family, const char* text) {
  std::string bytes(family == AF_INET6 ? 16 : 4, '\0');
  inet_pton(family, text, bytes.data());
  return bytes;
}

class Hostile : public testing::TestWithParam<Variant> {
 protected:
  // One for all tests.
  static void SetUpTestSuite() { world_ = std::make_unique<World>(); }
  static void TearDownTestSuite() { world_.reset(); }

  Hostile() : responder_("r", settings_of(GetParam())) {
    in_namespace(kTarget, [&] { EXPECT_EQ(responder_.set("enabled", "1"), 0); });
    begin();
  }

  // From when nothing moves: what this host tells itself of neighbours that do not answer comes
  // after three tries, and would be there at one level and not yet at the next.
  void begin() {
    attacker_.forget();
    for (int i = 0; i < 500; ++i) {
      outside_ = attacker_.counters().read();
      inside_ = counters_.read();
      responder_before_ = responder_.stats();
      std::this_thread::sleep_for(std::chrono::milliseconds(120));
      if (counters_.read() == inside_ && responder_.stats() == responder_before_) return;
    }
    FAIL() << "the counters do not come to rest";
  }

  std::vector<Level> books() const {
    const Counters responder = growth(responder_before_, responder_.stats());
    return ledger(attacker_.sent(), growth(outside_, attacker_.counters().read()), kOutDevice,
                  growth(inside_, counters_.read()), kInDevice, responder);
  }

  // All that the target's namespace counted.
  std::string all_counted() const { return text_of(growth(inside_, counters_.read())); }

  std::vector<Level> settled_books(
      const std::function<bool(const Level&)>& done = &Level::balances) const {
    return settled([this] { return books(); }, 100, done);
  }

  static constexpr std::uint64_t kRequests = 20;
  void ask_from(const std::string& from, const std::string& to) {
    const Frame frame{FrameMaker(target_, random_).request(from, to, 20000, kPort, "x"), {}};
    for (std::uint64_t i = 0; i < kRequests; ++i) attacker_.send(frame);
  }
  static bool is_link() { return GetParam().name == std::string("softirq_link"); }

  Attacker attacker_;
  std::mt19937 random_ = seeded();
  Target target_ = target_at(kTargetMac);
  Responder responder_;

 private:
  static inline std::unique_ptr<World> world_;
  KernelCounters counters_{kTarget, {kInDevice, "lo"}};
  Counters outside_, inside_, responder_before_;
};

INSTANTIATE_TEST_SUITE_P(, Hostile, testing::ValuesIn(kVariants),
                         [](const auto& test) { return std::string(test.param.name); });

class HostileFrames : public Hostile {};
INSTANTIATE_TEST_SUITE_P(, HostileFrames, testing::ValuesIn([] {
                           std::vector<Variant> all(std::begin(kVariants), std::end(kVariants));
                           all.insert(all.end(), std::begin(kOtherVariants),
                                      std::end(kOtherVariants));
                           return all;
                         }()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(HostileFrames, AreAllAccountedFor) {
  constexpr unsigned kMtus[] = {1500, 576, 9000, 68, 1280, 65535};
  constexpr unsigned kShares =
      (std::size(kVariants) + std::size(kOtherVariants)) * std::size(kMtus);
  const unsigned frames = extent(100'000, 2'000'000) / kShares;
  FrameMaker maker(target_, random_);
  Counters outcome;
  for (const unsigned mtu : kMtus) {
    set_mtu(mtu);
    target_.mtu = mtu;
    for (const bool offloaded : {false, true}) {
      begin();
      while (attacker_.sent().frames < (offloaded ? frames / 10 : frames * 9 / 10))
        for (const auto& frame : maker.next(offloaded)) attacker_.send(frame);
      for (const auto& level : settled_books()) {
        const std::string text = "MTU " + std::to_string(mtu) + ", " + level.text();
        EXPECT_TRUE(level.balances()) << text << "\nin all:" << all_counted();
        std::printf("%s\n", text.c_str());
        if (level.name == "outcome")
          for (const auto& [name, value] : level.out) outcome[name] += value;
      }
    }
  }
  set_mtu(1500);
  // What becomes of a request that comes as far as the last rules, or the reply.
  std::uint64_t so_far = 0;
  for (const char* name :
       {"answered", "stamp_short", "stamp_sessions", "not_allowed", "rate", "rate_prefix"})
    so_far += outcome[name];
  EXPECT_GT(so_far, frames) << "too few of them came so far";
  for (const auto& name : GetParam().meets) EXPECT_GT(outcome[name], 0u) << name;
}

// What the ledger allows for, class by class: each frame of it is missing at its level, or there
// twice, and at no other.
TEST_P(Hostile, WhatTheKernelDoesNotCountIsKnown) {
  FrameMaker maker(target_, random_);
  const auto ipv4 = [&](const std::string& to, const std::string& options) {
    const std::string datagram = maker.udp(false, target_.neighbour4, to, "x");
    return maker.ethernet(0x0800, maker.ipv4(target_.neighbour4, to, options, datagram));
  };
  const auto ipv6 = [&](const std::string& to, int next_header, const std::string& rest) {
    return maker.ethernet(0x86dd, maker.ipv6(target_.neighbour6, to, next_header, rest));
  };
  using namespace std::string_literals;
  const int more_sockets = sysconf(_SC_NPROCESSORS_CONF) - 1;  // each of which gets a copy
  const auto from_to = [&](const std::string& from, const std::string& to, int port) {
    return maker.request(from, to, 20000, port, "x");
  };
  const std::string hosts = bytes_of(AF_INET, "255.255.255.255");
  const std::string subnet = bytes_of(AF_INET, "198.18.5.15");
  const std::string nodes = bytes_of(AF_INET6, "ff02::1");
  const struct {
    const char* name;
    std::map<std::string, int> rests;  // by level, for each frame
    std::string frame;
  } classes[] = {
      {"a VLAN tag that is cut off", {{"device", 1}}, maker.ethernet(0x8100, "\0\0\x08"s)},
      {"a group nobody joined", {{"IPv4", 1}}, ipv4(bytes_of(AF_INET, "239.9.9.9"), "")},
      {"a source route", {{"IPv4", 1}}, ipv4(target_.own4, "\x83\x07\x04" + target_.own4 + "\0"s)},
      {"a group nobody joined",
       {{"IPv6", 1}},
       ipv6(bytes_of(AF_INET6, "ff05::99"), IPPROTO_UDP, std::string(16, 'x'))},
      {"a routing header of type 3",
       {{"IPv6", 1}},
       ipv6(target_.own6, IPPROTO_ROUTING, "\x11\0\3\0\0\0\0\0xxxxxxxx"s)},
      {"a routing header of type 4",
       {{"IPv6", 1}},
       ipv6(target_.own6, IPPROTO_ROUTING, "\x11\0\4\0\0\0\0\0xxxxxxxx"s)},
      {"a first fragment without all headers",
       {{"IPv6", -1}},
       ipv6(target_.own6, IPPROTO_FRAGMENT, "\x11\0\0\1\0\0\0\1xxxx"s)},
      {"to all hosts", {{"UDP", -more_sockets}}, from_to(target_.neighbour4, hosts, kPort)},
      {"to the subnet's", {{"UDP", -more_sockets}}, from_to(target_.neighbour4, subnet, kPort)},
      {"to all nodes", {{"UDP", -more_sockets}}, from_to(target_.neighbour6, nodes, kPort)},
      {"from the subnet's, to a port nobody has",
       {{"device", -1}, {"UDP", 1}},
       from_to(subnet, target_.own4, target_.other_port)},
  };
  constexpr int kFrames = 20;
  for (const auto& each : classes) {
    begin();
    for (int i = 0; i < kFrames; ++i) attacker_.send({each.frame, {}});
    const auto expected = [&](const Level& level) {
      const auto rest = each.rests.find(level.name);
      return rest == each.rests.end() ? 0 : rest->second * kFrames;
    };
    // The books balance before a thread on a busy CPU has taken its copies.
    const auto done = [&](const Level& level) { return level.rest() == expected(level); };
    for (const auto& level : settled_books(done))
      EXPECT_EQ(level.rest(), expected(level)) << each.name << ": " << level.text();
  }
}

// A limit for each source prefix, and requests from more prefixes than it has room for: no memory
// is taken, and who asks honestly is not refused for it.
TEST_P(Hostile, ForgedPrefixesTakeNoMemoryAndNobodysTurn) {
  EXPECT_EQ(responder_.set("enabled", "0"), 0);
  EXPECT_EQ(responder_.set("rate_prefix", "100"), 0);
  in_namespace(kTarget, [&] { EXPECT_EQ(responder_.set("enabled", "1"), 0); });
  FrameMaker maker(target_, random_);
  const auto ask = [&](const std::string& from) {
    const std::string& own = from.size() == 16 ? target_.own6 : target_.own4;
    attacker_.send({maker.request(from, own, 20000, kPort, payload(64)), {}});
  };
  const auto flood = [&](unsigned frames) {
    for (unsigned i = 0; i < frames; ++i) {
      // None of 127/8, which IP does not let in.
      std::string from4{static_cast<char>(60 + random_() % 60), static_cast<char>(random_()),
                        static_cast<char>(random_()), 1};
      ask(from4);
      std::string from6 = target_.neighbour6;
      from6.replace(0, 8, "\x20" + from4 + "\1\1\1");
      ask(from6);
    }
  };
  constexpr unsigned frames = 2'500;  // of each family, twice: more than there are buckets
  flood(frames);                      // what is remembered of anyone is there now
  const Objects before = count_objects();
  flood(frames);
  EXPECT_EQ(stays_grown(before, 300), "");
  for (const auto& level : settled_books()) EXPECT_TRUE(level.balances()) << level.text();

  const auto refused = responder_.stats().at("rate_prefix");
  ask(target_.neighbour4);
  ask(target_.neighbour6);
  EXPECT_EQ(responder_.settled(4 * frames + 2).at("rate_prefix"), refused);
}

// From outside comes what claims to be from this host. IPv4 lets none of it in, IPv6 all. With
// turnaround=link the answer goes to the station that sent it, and nowhere else; with classic,
// which cannot tell it from what this host asks itself, it stays here.
TEST_P(Hostile, NoAnswerToItsOwnAddresses) {
  for (const std::string& own : {target_.own4, target_.own6}) ask_from(own, own);
  for (const auto& level : settled_books()) EXPECT_TRUE(level.balances()) << level.text();
  Counters counters = responder_.settled(kRequests);
  EXPECT_EQ(counters["received"], kRequests);
  const bool is_classic = GetParam().name == std::string("classic");
  EXPECT_EQ(counters["no_route"], is_link() || is_classic ? 0 : kRequests);
}

// With turnaround=link that is left to the kernel, which looks where it shall look at sources.
TEST_P(Hostile, NoAnswerToTheSubnetsBroadcastAddress) {
  if (is_link()) run("ip netns exec kudp-target sysctl -qw net.ipv4.conf.kudp-t.rp_filter=2");
  begin();
  ask_from(bytes_of(AF_INET, "198.18.5.15"), target_.own4);
  for (const auto& level : settled_books()) EXPECT_TRUE(level.balances()) << level.text();
  Counters counters = responder_.settled(is_link() ? 0 : kRequests);
  EXPECT_EQ(counters["received"], is_link() ? 0 : kRequests);
  EXPECT_EQ(counters["not_unicast"], counters["received"]);
  if (is_link()) run("ip netns exec kudp-target sysctl -qw net.ipv4.conf.kudp-t.rp_filter=0");
}

// A frame can claim to be from a group of stations: the answer goes to none.
TEST_P(Hostile, NoAnswerGoesToAGroupOfStations) {
  Fd capture;
  in_namespace(kOutside, [&] { capture = Fd(socket(AF_PACKET, SOCK_RAW, htons(0x0003))); });
  FrameMaker maker(target_, random_);
  begin();
  for (const std::string& station : {std::string(6, '\xff'), std::string("\x01\0\x5e\0\0\1", 6)}) {
    Frame frame{maker.request(target_.neighbour4, target_.own4, 20000, kPort, "x"), {}};
    frame.bytes.replace(6, 6, station);
    for (int i = 0; i < 20; ++i) attacker_.send(frame);
  }
  for (const auto& level : settled_books()) EXPECT_TRUE(level.balances()) << level.text();
  int answers = 0;
  char bytes[2048];
  for (ssize_t size; (size = recv(capture.get(), bytes, sizeof bytes, MSG_DONTWAIT)) > 0;) {
    const bool from_target = !std::memcmp(bytes + 6, target_.mac.data(), 6);
    if (!from_target || std::memcmp(bytes + 12, "\x08\0", 2)) continue;
    ++answers;
    EXPECT_EQ(bytes[0] & 1, 0) << "to a group";
  }
  EXPECT_GT(answers, 0);
}

}  // namespace
}  // namespace kudp::stress
