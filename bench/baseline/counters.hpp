// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "bench/baseline/reply.hpp"

namespace kudp::baseline {

inline constexpr std::size_t kCacheLine = 64;

// Written by one thread, readable by all at any time; costs that thread a plain addition.
class Counter {
 public:
  void add(std::uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// One worker's counters, on cache lines no other worker writes.
struct alignas(kCacheLine) Counters {
  Counter received;
  Counter answered;
  std::array<Counter, kRefusals> refused;
  Counter receive_errors;
  Counter rearmed;  // io_uring: receives begun anew, for want of buffers
  Counter send_errors;

  void refuse(Refusal why, std::uint64_t n = 1) { refused[static_cast<std::size_t>(why)].add(n); }
};

// What counters showed at one moment.
struct Totals {
  std::uint64_t received = 0;
  std::uint64_t answered = 0;
  std::array<std::uint64_t, kRefusals> refused{};
  std::uint64_t receive_errors = 0;
  std::uint64_t rearmed = 0;
  std::uint64_t send_errors = 0;

  Totals& operator+=(const Totals& other) {
    received += other.received;
    answered += other.answered;
    for (std::size_t i = 0; i < kRefusals; ++i) refused[i] += other.refused[i];
    receive_errors += other.receive_errors;
    rearmed += other.rearmed;
    send_errors += other.send_errors;
    return *this;
  }

  Totals& operator+=(const Counters& counters) {
    received += counters.received.get();
    answered += counters.answered.get();
    for (std::size_t i = 0; i < kRefusals; ++i) refused[i] += counters.refused[i].get();
    receive_errors += counters.receive_errors.get();
    rearmed += counters.rearmed.get();
    send_errors += counters.send_errors.get();
    return *this;
  }
};

}  // namespace kudp::baseline
