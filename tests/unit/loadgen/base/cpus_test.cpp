// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/cpus.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>

namespace kudp {
namespace {

TEST(Cpus, AllowedAreSomeInOrder) {
  const auto cpus = allowed_cpus();
  ASSERT_FALSE(cpus.empty());
  EXPECT_TRUE(std::ranges::is_sorted(cpus));
}

TEST(Cpus, ParsesSinglesAndRangesInTheOrderGiven) {
  const auto allowed = allowed_cpus();
  const int first = allowed.front(), last = allowed.back();
  EXPECT_EQ(parse_cpus(std::to_string(first)), std::vector{first});
  EXPECT_EQ(parse_cpus(std::to_string(last) + "," + std::to_string(first)),
            (std::vector{last, first}));
  EXPECT_EQ(parse_cpus(std::to_string(first) + "-" + std::to_string(first)), std::vector{first});
  const bool contiguous = last - first + 1 == static_cast<int>(allowed.size());
  if (contiguous) {
    EXPECT_EQ(parse_cpus(std::to_string(first) + "-" + std::to_string(last)), allowed);
  }
}

TEST(Cpus, RefusesWhatIsNoList) {
  for (const std::string text : {"", ",", "a", "0,", ",0", "0-", "-0", "1-0", "0--0", "0;0", "0 ",
                                 "0-0-0", "99999999999", "0x0"})
    EXPECT_THROW(parse_cpus(text), std::runtime_error) << text;
}

TEST(Cpus, RefusesACpuThatIsNotAllowed) {
  const auto beyond = std::to_string(allowed_cpus().back() + 1);
  EXPECT_THROW(parse_cpus(beyond), std::runtime_error);
  EXPECT_THROW(parse_cpus("0-" + beyond), std::runtime_error);
}

TEST(Cpus, PinsTheCallingThreadAlone) {
  const auto before = allowed_cpus();
  std::thread([&] {
    pin_to(before.back());
    EXPECT_EQ(allowed_cpus(), std::vector{before.back()});
    EXPECT_EQ(sched_getcpu(), before.back());
  }).join();
  EXPECT_EQ(allowed_cpus(), before);
}

}  // namespace
}  // namespace kudp
