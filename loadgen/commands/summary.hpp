// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "loadgen/statistics/comparison.hpp"

namespace kudp {

// Adds `summary`, which compares the servers of a file of run records. Parsing the command line
// runs it; where the file is not as it should be, it throws std::runtime_error with one line.
void add_summary_command(CLI::App& app);

namespace comparison {

// What a measurement can and cannot tell, by the accelerator that the machine ran on.
std::string environment_sentence(const std::string& accelerator);

// The comparison as tables for people, or as JSON lines for programs.
std::string tables(const Comparison& comparison, const std::string& accelerator);
std::string json_lines(const Comparison& comparison, const std::string& accelerator);

}  // namespace comparison
}  // namespace kudp
