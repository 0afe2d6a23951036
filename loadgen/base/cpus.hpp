// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string_view>
#include <vector>

namespace kudp {

// The CPUs this process may run on, ascending.
std::vector<int> allowed_cpus();

// Parses a CPU list such as "0,2-5". Throws std::runtime_error naming what is wrong, also where a
// CPU is not among allowed_cpus().
std::vector<int> parse_cpus(std::string_view text);

// Binds the calling thread to one CPU; throws std::system_error.
void pin_to(int cpu);

}  // namespace kudp
