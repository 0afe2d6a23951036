// SPDX-License-Identifier: GPL-2.0-only
// Every engine under load at once, for MINUTES, while an administrator meddles: memory stays flat
// and the counters consistent. A line for each minute says how it stands. Only `make soak` runs it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <thread>

#include "tests/guest/flood.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"
#include "tests/stress/extent.hpp"
#include "tests/stress/leaks.hpp"

namespace kudp::stress {
namespace {

using namespace guest;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const Responder::Settings kServices[] = {
    {{"engine", "classic"}},
    {{"engine", "kthread"}},
    {{"engine", "softirq"}},
    {{"engine", "softirq"}, {"turnaround", "link"}},
    {{"engine", "kthread"}, {"gro", "1"}},
    {{"engine", "kthread"}, {"reply", "text"}, {"text", "hello"}, {"amplify", "1"}},
    {{"engine", "softirq"}, {"rate", "5000"}, {"rate_prefix", "2000"}, {"allow", "::/0,0.0.0.0/0"}},
};

std::uint64_t meminfo_kib(const std::string& wanted) {
  std::istringstream text(read_file("/proc/meminfo"));
  std::string name;
  for (std::uint64_t value; text >> name >> value; std::getline(text, name))
    if (name == wanted + ":") return value;
  throw std::runtime_error("no " + wanted);
}

// Free pages that each CPU keeps for itself, which MemAvailable leaves out: up to some 25 MiB here,
// which fill up over minutes and are given back at once.
std::uint64_t kept_by_cpus_kib() {
  std::istringstream text(read_file("/proc/zoneinfo"));
  std::uint64_t pages = 0, count = 0;
  for (std::string word; text >> word;)
    if (word == "count:" && text >> count) pages += count;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

// How it stands when nothing is on its way.
struct Standing {
  Objects objects;
  std::uint64_t unreclaimable_kib, available_kib;
};

class Soak : public testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < std::size(kServices); ++i) {
      responders_.push_back(make(i));
      const int port = kFirstPort + static_cast<int>(i);
      const char* const outside = i % 2 ? kServer6 : kServer4;
      floods_.push_back(std::make_unique<Flood>(Where::kClient, at(outside, port)));
      floods_.push_back(std::make_unique<Flood>(Where::kHere, at("127.0.0.1", port)));
    }
  }

  void meddle() {
    const std::size_t i = pick(responders_.size());
    switch (pick(6)) {
      case 0:
        EXPECT_EQ(responders_[i]->set("enabled", "0"), 0);
        EXPECT_TRUE(adds_up(responders_[i]->stats()));
        EXPECT_EQ(responders_[i]->set("enabled", "1"), 0);
        break;
      case 1:
        responders_[i].reset();
        responders_[i] = make(i);
        break;
      case 2:
        run("ip link set kudp-s mtu " + std::to_string(1280 + pick(8000)));
        run("ip link set kudp-s mtu 1500");
        break;
      case 3:
        run("ip route replace 198.18.1.9/32 dev kudp-s mtu " + std::to_string(600 + pick(900)));
        run("ip route delete 198.18.1.9/32");
        break;
      case 4:
        if (!std::filesystem::exists(kCpu)) break;
        EXPECT_EQ(write_file(kCpu, "0"), 0);
        EXPECT_EQ(write_file(kCpu, "1"), 0);
        break;
      case 5:
        read_file("/proc/net/kudp");
        break;
    }
    ++meddled_;
  }

  Standing stand_still() {
    for (auto& flood : floods_) flood->suspend();
    for (auto& flood : floods_) flood->drain();
    for (std::size_t i = 0; i < responders_.size(); ++i) {
      Counters total = responders_[i]->settled(0), sum;
      EXPECT_TRUE(adds_up(total)) << "responder " << i;
      for (const auto& worker : workers_of("soak" + std::to_string(i)))
        for (const auto& [name, value] : worker) sum[name] += value;
      sum.erase("cpu");
      EXPECT_EQ(sum, total) << "the workers of responder " << i;
    }
    const Standing standing{count_objects(), meminfo_kib("SUnreclaim"),
                            meminfo_kib("MemAvailable") + kept_by_cpus_kib()};
    for (auto& flood : floods_) flood->resume();
    return standing;
  }

  void report(int minute, const Standing& standing) const {
    std::uint64_t replies = 0;
    for (const auto& flood : floods_) replies += flood->replies();
    std::printf("minute %d: %lu replies, %u changes, SUnreclaim %lu KiB, available %lu KiB\n",
                minute, replies, meddled_, standing.unreclaimable_kib, standing.available_kib);
    std::fflush(stdout);
  }

  std::mt19937 random_ = seeded();
  std::vector<std::unique_ptr<Flood>> floods_;

 private:
  static constexpr int kFirstPort = 9000;
  static constexpr char kCpu[] = "/sys/devices/system/cpu/cpu1/online";

  static std::unique_ptr<Responder> make(std::size_t i) {
    Responder::Settings settings = kServices[i];
    settings.insert(settings.end(), {{"address", "::"},
                                     {"port", std::to_string(kFirstPort + static_cast<int>(i))},
                                     {"enabled", "1"}});
    return std::make_unique<Responder>("soak" + std::to_string(i), settings);
  }
  unsigned pick(unsigned n) { return random_() % n; }

  unsigned meddled_ = 0;
  std::vector<std::unique_ptr<Responder>> responders_;
};

TEST_F(Soak, DISABLED_MixedLoadWithChurn) {
  const char* const given = std::getenv("MINUTES");
  const int minutes = given ? std::stoi(given) : 30;
  ASSERT_GE(minutes, 3) << "MINUTES=" << (given ? given : "") << ": want 3 or more";
  Standing first{};
  for (int minute = 1; minute <= minutes; ++minute) {
    for (const auto end = Clock::now() + 55s; Clock::now() < end;) {
      meddle();
      std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 1000));
    }
    const Standing now = stand_still();
    report(minute, now);
    // Caches fill in the first two.
    if (minute <= 2) first = now;
    EXPECT_EQ(grown(first.objects, now.objects, 2000), "") << "since minute 2";
    EXPECT_LT(now.unreclaimable_kib, first.unreclaimable_kib + 4096) << "KiB";
    EXPECT_GT(now.available_kib + 8192, first.available_kib) << "KiB";
  }
  for (const auto& flood : floods_) EXPECT_TRUE(flood->flows()) << "at the end";
}

}  // namespace
}  // namespace kudp::stress
