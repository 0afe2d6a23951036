// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "bench/baseline/engine.hpp"

namespace kudp::baseline {

// Starts a thread, pinned if a CPU is given, that makes an engine and runs it. A patient one does
// not preempt whoever sends to it (SCHED_BATCH): it finds more datagrams at once, and later.
// Returns when the engine is made; throws what making it threw.
std::thread start_engine(int number, std::optional<int> cpu, bool patient,
                         std::function<std::unique_ptr<Engine>()> make);

}  // namespace kudp::baseline
