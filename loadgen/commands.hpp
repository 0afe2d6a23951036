// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace kudp {

// All that kudp-load understands: its subcommands, and the file of options.
void add_commands(CLI::App& app);

// Has the command's work done once, when all is parsed: its callback CLI11 2.1 calls for its
// section of a file of options as well.
void set_work(CLI::App& command, std::function<void()> work);

}  // namespace kudp
