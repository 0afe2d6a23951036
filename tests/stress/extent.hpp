// SPDX-License-Identifier: GPL-2.0-only
// How much the stress tests do, and with what luck: FULL=1 and SEED=N in the environment.
#pragma once

#include <random>

namespace kudp::stress {

// `full` where FULL=1 was given, else `brief`.
int extent(int brief, int full);

// A generator for one test. Its seed is SEED, else a fresh one, and is printed.
std::mt19937 seeded();

}  // namespace kudp::stress
