// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/run.hpp"

#include <fmt/format.h>

#include <memory>

#include "loadgen/base/number_option.hpp"
#include "loadgen/commands/run_arguments.hpp"
#include "loadgen/commands/work.hpp"
#include "loadgen/output/live_line.hpp"
#include "loadgen/output/outputs.hpp"
#include "loadgen/run/run.hpp"
#include "loadgen/run/verdict.hpp"

namespace kudp {
namespace {

void run_once(const RunArguments& arguments) {
  const RunOptions options = resolved(arguments);
  Outputs outputs(arguments);

  Interrupt interrupt;
  const RunResult result = [&] {
    LiveLine line;
    return run(options, interrupt, [&](const Interim& interim) {
      outputs.write(interim);
      line.show(interim);
    });
  }();
  if (result.signal == 0) require_replies(options, result);

  const Verdict verdict = judge(options, result);
  outputs.write(options, result, verdict);
  if (result.signal != 0) throw CLI::RuntimeError(kSignalled + result.signal);
  if (!verdict.valid) throw CLI::RuntimeError(kInvalidRun);
}

// What both loops have in common, after the options that are a loop's own.
void finish_command(CLI::App& command, const std::shared_ptr<RunArguments>& arguments) {
  add_target(command, *arguments);
  add_load_options(command, *arguments);
  add_time_options(command, *arguments);
  add_timeout(command, *arguments);
  add_generator_options(command, *arguments);
  add_receive_options(command, *arguments);
  add_output_options(command, *arguments);
  add_format_options(command, *arguments);
  set_work(command, [arguments] { run_once(*arguments); });
}

}  // namespace

void add_closed_command(CLI::App& app) {
  const auto arguments = std::make_shared<RunArguments>();
  CLI::App& command = *app.add_subcommand(
      "closed", "Keep a fixed number of requests in flight: how much can the target do?");
  arguments->run.loop = Loop::closed;
  add_number(command, "--window", arguments->run.window, 1, 1 << 19, "N",
             "requests in flight per thread")
      .group("Load");
  finish_command(command, arguments);
}

void add_open_command(CLI::App& app) {
  const auto arguments = std::make_shared<RunArguments>();
  CLI::App& command = *app.add_subcommand(
      "open", "Send on a fixed schedule: how does the target do at a given load?");
  arguments->run.loop = Loop::open;
  add_number(command, "--rate", arguments->run.rate, kLowestRate, kHighestRate, "PER_S",
             "requests per second, all threads together")
      .required()
      ->group("Load");
  add_arrivals(command, *arguments);
  finish_command(command, arguments);
}

}  // namespace kudp
