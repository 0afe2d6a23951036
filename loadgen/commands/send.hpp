// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

namespace kudp {

// The subcommand `send`: one given text, so many times, without waiting for an answer.
void add_send_command(CLI::App& app);

}  // namespace kudp
