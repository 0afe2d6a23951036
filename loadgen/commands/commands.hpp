// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

namespace kudp {

// All that kudp-load understands: its subcommands, and the file of options.
void add_commands(CLI::App& app);

}  // namespace kudp
