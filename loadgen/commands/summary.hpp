// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

namespace kudp {

// Adds `summary`, which compares the servers of a file of run records. Parsing the command line
// runs it; where the file is not as it should be, it throws std::runtime_error with one line.
void add_summary_command(CLI::App& app);

}  // namespace kudp
