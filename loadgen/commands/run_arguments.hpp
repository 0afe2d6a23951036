// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/output/outputs.hpp"
#include "loadgen/run/run.hpp"

namespace kudp {

// The options of a run as they are given; RunOptions is what they mean.
struct RunArguments : OutputArguments {
  std::string target;
  double duration = 5;
  double warmup = 1;
  double timeout = 1000;
  std::string cpus;
  RunOptions run;
};

// The words that an option can be, and what each means.
template <class T>
using Choices = std::vector<std::pair<std::string, T>>;

// What every command that loads a target takes: the target and the requests.
void add_target(CLI::App& command, RunArguments& arguments);
void add_load_options(CLI::App& command, RunArguments& arguments);

// How long a run lasts.
void add_time_options(CLI::App& command, RunArguments& arguments);
void add_timeout(CLI::App& command, RunArguments& arguments);

// How the generator sends and receives, by one of the backends named, the first if nothing is said;
// --arrivals where it has a schedule.
void add_generator_options(CLI::App& command, RunArguments& arguments);
void add_backend(CLI::App& command, RunArguments& arguments, const Choices<Backend>& names,
                 const std::string& description);
void add_receive_options(CLI::App& command, RunArguments& arguments);
void add_arrivals(CLI::App& command, RunArguments& arguments);

// Where the result goes; the other formats, where it is one run's.
void add_output_options(CLI::App& command, RunArguments& arguments);
void add_format_options(CLI::App& command, RunArguments& arguments);

// What is given, checked. Throws std::runtime_error with one line.
RunOptions resolved(const RunArguments& arguments);

// Throws std::runtime_error where the target did not answer at all.
void require_replies(const RunOptions& run, const RunResult& result);

// Exit statuses of runs that went to their end but should not be relied on.
inline constexpr int kInvalidRun = 3;
inline constexpr int kSignalled = 128;

}  // namespace kudp
