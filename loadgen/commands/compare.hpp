// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

namespace kudp {

// Adds `compare`, whose callback runs it. It throws std::runtime_error with one line on errors, and
// CLI::RuntimeError with kInvalidRun where a target has too few valid runs to say anything.
void add_compare_command(CLI::App& app);

}  // namespace kudp
