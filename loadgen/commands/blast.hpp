// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

namespace kudp {

// Adds `blast`; parsing the command line runs it. Throws std::runtime_error with one line.
void add_blast_command(CLI::App& app);

}  // namespace kudp
