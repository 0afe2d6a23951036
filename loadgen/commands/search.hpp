// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

namespace kudp {

// Adds `search`, whose callback runs it. It throws std::runtime_error with one line on errors, and
// CLI::RuntimeError with kInvalidRun where a goal's bounds are not the target's or a run after it
// is not valid, with kSignalled and the signal where one ended it.
void add_search_command(CLI::App& app);

}  // namespace kudp
