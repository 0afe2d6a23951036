// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "loadgen/base/interrupt.hpp"
#include "loadgen/schedule/plan.hpp"

namespace kudp {

// The threads of a run. When it goes, the plan has ended and so have they.
class Crew {
 public:
  // Starts `threads` threads. Each is pinned to one of `cpus`, which it takes in turns, if there
  // are any, and does work(i), i from 0. What one throws ends the plan for all.
  Crew(Plan& plan, std::size_t threads, const std::vector<int>& cpus,
       const std::function<void(std::size_t)>& work);
  ~Crew();
  Crew(const Crew&) = delete;

  // Waits until all are done, asleep nearly all the time: the CPUs belong to them and, maybe, the
  // server. Calls look(now), if there is one, at the plan's beginning and end and ten times a
  // second. A signal ends the plan: replies are awaited for `patience` nanoseconds more, at most.
  // Returns the signal, or 0.
  int supervise(Interrupt& interrupt, std::int64_t patience,
                const std::function<void(std::int64_t now)>& look = {});

  // Waits for them, and throws what the first of them threw, if any did.
  void join();

 private:
  Crew(Plan& plan, std::size_t threads) : plan_(plan), errors_(threads), at_work_(threads) {}

  Plan& plan_;
  std::vector<std::exception_ptr> errors_;
  std::atomic<std::size_t> at_work_;
  std::vector<std::jthread> threads_;
};

}  // namespace kudp
