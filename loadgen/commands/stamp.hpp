// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

namespace kudp {

// Adds `stamp`, a session sender (RFC 8762) against any reflector. Its callback throws
// std::runtime_error with one line on errors, and CLI::RuntimeError with kSignalled and the signal
// where one ended the session.
void add_stamp_command(CLI::App& app);

}  // namespace kudp
