// SPDX-License-Identifier: GPL-2.0-only
// Frames of a hostile neighbour through a network card: from the host of `scripts/vm with`, over
// its tap and the guest's virtio-net, to a responder in the guest. Unlike the veth of tests/stress,
// the card has a driver that looks at what it is told of super-packets, and GRO.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/guest/system.hpp"
#include "tests/outside/guest.hpp"
#include "tests/outside/tap.hpp"
#include "tests/stress/extent.hpp"
#include "tests/stress/target.hpp"

namespace kudp::outside {
namespace {

using stress::Counters;
using stress::Frame;
using stress::FrameMaker;
using stress::growth;
using stress::kInDevice;
using stress::Level;

class Outside : public testing::TestWithParam<stress::Variant> {
 protected:
  static void SetUpTestSuite() {
    silence_tap();
    guest_ = std::make_unique<TargetInGuest>();
  }
  static void TearDownTestSuite() { guest_.reset(); }

  Outside() : responder_(stress::settings_of(GetParam())) { begin(); }

  // From when nothing moves; nor has anything come here that the guest counted as gone before.
  void begin() {
    for (int i = 0; i < 100; ++i) {
      tap_.forget();
      outside_ = tap_.counters();
      before_ = read_guest();
      std::this_thread::sleep_for(std::chrono::milliseconds(120));
      const bool at_rest = read_guest() == before_ && tap_.counters() == outside_;
      tap_.look();
      if (at_rest && tap_.answers().answers() + tap_.answers().others() == 0) return;
    }
    FAIL() << "the counters do not come to rest";
  }

  std::vector<Level> books() {
    const Counters outside = growth(outside_, tap_.counters());
    const Readings now = read_guest();
    const Counters kernel = growth(before_.kernel, now.kernel);
    const Counters responder = growth(before_.responder, now.responder);
    tap_.look();
    auto levels =
        stress::ledger(tap_.sent(), outside, kTap, kernel, kInDevice, responder,
                       GetParam().has_gro() ? stress::Gro::kPossible : stress::Gro::kNever);
    const Answers& came = tap_.answers();
    levels.push_back({"way back",
                      {{"kudp-t.tx_packets", kernel.at("kudp-t.tx_packets")}},
                      {{"answers", came.answers()}, {"others", came.others()}}});
    levels.push_back({"answers",
                      {{"answered", responder.at("answered")}},
                      {{"answers", came.answers()}},
                      came.from_nowhere()});
    all_counted_ = stress::text_of(kernel);
    return levels;
  }

  std::vector<Level> settled_books(
      const std::function<bool(const Level&)>& done = &Level::balances) {
    return stress::settled([this] { return books(); }, 60, done);
  }

  // All levels balance, and what came back is in order.
  void expect_balance(const std::string& what) {
    const auto levels = settled_books();
    for (const auto& level : levels) {
      const std::string text = what + level.text();
      EXPECT_TRUE(level.balances()) << text << "\nin all:" << all_counted_;
      std::printf("%s\n", text.c_str());
    }
    std::fflush(stdout);
    EXPECT_EQ(tap_.answers().wrong(), "");
  }

  void send(const std::vector<Frame>& frames) {
    for (const auto& frame : frames) tap_.send(frame);
  }

  void await_answers(std::uint64_t wanted) {
    ASSERT_TRUE(guest::eventually([&] {
      tap_.look();
      return tap_.answers().answers() >= wanted;
    }));
  }

  std::mt19937 random_ = stress::seeded();
  stress::Target target_ = stress::target_at({"\x52\x54\0\x6b\x75\2", 6});
  ResponderInGuest responder_;
  Tap tap_{target_};
  Counters outside_;
  Readings before_;
  std::string all_counted_;

 private:
  static inline std::unique_ptr<TargetInGuest> guest_;
};

INSTANTIATE_TEST_SUITE_P(, Outside, testing::ValuesIn(stress::kVariants),
                         [](const auto& test) { return std::string(test.param.name); });

// Of the card, whoever answers behind it.
class OutsideCard : public Outside {};
INSTANTIATE_TEST_SUITE_P(, OutsideCard, testing::Values(stress::kVariants[0]),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(Outside, FramesAreAllAccountedFor) {
  // Below 1280 a device has no IPv6, and of that no counter tells then how much GRO made one.
  const unsigned kMtus[] = {1500, GetParam().has_gro() ? 1280u : 68, 65535};
  const unsigned frames =
      stress::extent(20'000, 200'000) / std::size(stress::kVariants) / std::size(kMtus);
  FrameMaker maker(target_, random_);
  std::uint64_t answers = 0;
  for (const unsigned mtu : kMtus) {
    stress::set_mtu(mtu, run_in_guest);
    target_.mtu = mtu;
    begin();
    while (tap_.sent().frames < frames) {
      const unsigned luck = random_() % 10;
      send(luck < 1 ? maker.train() : maker.next(luck < 2));
    }
    expect_balance("MTU " + std::to_string(mtu) + ", ");
    answers += tap_.answers().answers();
  }
  stress::set_mtu(1500, run_in_guest);
  EXPECT_GT(answers, frames / 2) << "too few of them came so far";
}

// Nothing is lost or made twice where GRO makes one of them, and something of that happens.
TEST_P(Outside, HonestTrainsAreAnsweredInFull) {
  FrameMaker maker(target_, random_);
  const unsigned frames = stress::extent(1'000, 20'000);
  for (unsigned i = 0; i < frames; ++i) {
    const bool v6 = i / 20 % 2;
    tap_.send({maker.request(v6 ? target_.neighbour6 : target_.neighbour4,
                             v6 ? target_.own6 : target_.own4, 20000 + i / 20 % 100, stress::kPort,
                             std::string(100, 'x')),
               {}});
    // More than rcvbuf holds would be dropped where the worker does not get its turn.
    if (i % 1'000 == 999) {
      ASSERT_NO_FATAL_FAILURE(await_answers(i + 1));
    }
  }
  expect_balance("");
  const Readings now = read_guest();
  const Counters kernel = growth(before_.kernel, now.kernel);
  EXPECT_EQ(growth(before_.responder, now.responder)["answered"], frames);
  EXPECT_EQ(tap_.answers().answers(), frames);
  for (const char* const datagrams : {"Ip.InReceives", "Ip6InReceives"})
    if (GetParam().has_gro())
      EXPECT_LT(kernel.at(datagrams), frames / 2) << "GRO had nothing to do";
    else
      EXPECT_EQ(kernel.at(datagrams), frames / 2) << datagrams;
}

// A card that need not take every frame leaves out those for other stations, for groups that the
// guest did not join, and of other VLANs: that is QEMU's receive_filter(), which counts nothing.
TEST_P(OutsideCard, WhatItDoesNotCountIsKnown) {
  constexpr int kFrames = 20;
  FrameMaker maker(target_, random_);
  const std::string honest =
      maker.request(target_.neighbour4, target_.own4, 20000, stress::kPort, "x");
  const auto with = [&](std::size_t at, std::size_t size, const std::string& bytes) {
    return std::string(honest).replace(at, size, bytes);
  };
  using namespace std::string_literals;
  const struct {
    const char* name;
    std::string frame;
    int taken;  // of each, by the card
  } classes[] = {
      {"for this station", honest, 1},
      {"for another", with(0, 6, "\2\0\0\0\0\x77"s), 0},
      {"for a group nobody joined", with(0, 6, "\1\0\x5e\1\2\3"s), 0},
      {"of another VLAN", with(12, 0, "\x81\0\0\5"s), 0},
  };
  run_in_guest("ip -n kudp-target link set kudp-t promisc off");
  for (const auto& each : classes) {
    begin();
    for (int i = 0; i < kFrames; ++i) tap_.send({each.frame, {}});
    const int left_out = (1 - each.taken) * kFrames;
    const auto done = [&](const Level& level) {
      return level.name == "link" ? level.rest() == left_out : level.balances();
    };
    for (const auto& level : settled_books(done))
      EXPECT_TRUE(done(level)) << each.name << ", of which the card leaves out " << left_out << ": "
                               << level.text();
  }
  run_in_guest("ip -n kudp-target link set kudp-t promisc on");
}

}  // namespace
}  // namespace kudp::outside

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!std::getenv("KUDP_GUEST_ADDRESS")) {
    std::fprintf(stderr, "outside-tests: want a guest: scripts/vm with build/outside-tests\n");
    return 1;
  }
  return RUN_ALL_TESTS();
}
