// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bench/profile/event.hpp"

namespace kudp::profile {

// How the CPUs were shared: what servers' threads waited for a CPU, how often they changed it, and
// how many interrupts and softirqs of each kind each CPU had.
class Schedule {
 public:
  void add(const Event& event);

  // {"record": "run_queue", "thread", "migrations", "count", "mean_ns", ...} and
  // {"record": "interrupts", "cpu", "kind", "count"}.
  std::vector<nlohmann::ordered_json> records() const;

 private:
  struct Thread {
    std::int64_t woken = 0;  // 0: it was not, or runs
    std::vector<std::int64_t> waits;
    std::uint64_t migrations = 0;
  };

  std::map<std::string, Thread> threads_;                            // of servers, by "comm-pid"
  std::map<std::pair<int, std::string>, std::uint64_t> interrupts_;  // by CPU and kind
};

}  // namespace kudp::profile
