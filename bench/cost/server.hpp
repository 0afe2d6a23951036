// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <memory>

#include "bench/cost/network.hpp"
#include "bench/cost/plan.hpp"
#include "bench/cost/running.hpp"

namespace kudp::cost {

inline constexpr int kServerPort = 9000;

// Returns once it answers, or is about to send. Throws Unavailable or std::runtime_error, with the
// server's last words.
std::unique_ptr<RunningServer> start(const Server& server, const Load& load,
                                     const Network& network);

// Loads the kernel module if it is not loaded yet.
void load_module();

}  // namespace kudp::cost
