// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sched.h>

#include <optional>

#include "loadgen/run/run.hpp"
#include "loadgen/run/verdict.hpp"

namespace kudp {

// While it lives this thread, and those that it starts, run the moment they wake, where that is
// allowed: a server that is to be exact, and the generator that measures it.
class Undisturbed {
 public:
  Undisturbed() { set(SCHED_FIFO, 1); }
  ~Undisturbed() { set(SCHED_OTHER, 0); }
  Undisturbed(const Undisturbed&) = delete;

 private:
  static void set(int policy, int priority) {
    const sched_param parameters{.sched_priority = priority};
    sched_setscheduler(0, policy, &parameters);
  }
};

inline RunResult run(const RunOptions& options) {
  Interrupt interrupt;
  return run(options, interrupt);
}

// The first of a few runs that says of itself that it is valid; nothing on a machine that has no
// time for any of them.
inline std::optional<RunResult> valid_run(const RunOptions& options) {
  for (int attempt = 0; attempt < 5; ++attempt)
    if (const auto result = run(options); judge(options, result).valid) return result;
  return std::nullopt;
}

}  // namespace kudp
