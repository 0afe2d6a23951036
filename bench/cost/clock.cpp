// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>

#include "loadgen/base/clock.hpp"

namespace kudp::cost {
namespace {

void spend(std::int64_t iterations) {
  asm volatile("1: dec %0; jnz 1b" : "+r"(iterations) : : "cc");
}

}  // namespace

void check_clock_counts_instructions() {
  constexpr std::int64_t kIterations = 1'000'000, kInstructions = 2 * kIterations;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < 3; ++i) {  // timer interrupts add to some of them
    const auto start = now_ns();
    spend(kIterations);
    least = std::min(least, now_ns() - start);
  }
  const double ratio = static_cast<double>(least) / kInstructions;
  if (std::abs(ratio - 1) > 0.02)
    throw std::runtime_error(fmt::format(
        "this clock does not count instructions ({:.2f} ns each): run this in a guest of "
        "scripts/vm --icount",
        ratio));
}

// Of all accounts of idle time, /proc/stat and the like among them, the only one in nanoseconds.
std::int64_t idle_ns() {
  std::ifstream file("/proc/timer_list");
  std::int64_t total = 0;
  bool found = false;
  for (std::string line; std::getline(file, line);) {
    const auto at = line.find(".idle_sleeptime");
    if (at == line.npos) continue;
    const auto digits = line.find_first_of("0123456789", at);
    std::int64_t value = 0;
    if (digits == line.npos ||
        std::from_chars(line.data() + digits, line.data() + line.size(), value).ec != std::errc())
      continue;
    total += value;
    found = true;
  }
  if (!found) throw std::runtime_error("/proc/timer_list does not tell the CPUs' idle time");
  return total;
}

}  // namespace kudp::cost
