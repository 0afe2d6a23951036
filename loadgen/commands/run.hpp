// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

namespace kudp {

// The subcommands `closed` and `open`: one run, a table and records. Their callbacks throw
// std::runtime_error on errors, and CLI::RuntimeError with the exit status of a run that went to
// its end but should not be relied on.
void add_closed_command(CLI::App& app);
void add_open_command(CLI::App& app);

}  // namespace kudp
