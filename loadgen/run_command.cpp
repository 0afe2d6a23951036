// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run_command.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include "loadgen/cpus.hpp"
#include "loadgen/json_lines.hpp"
#include "loadgen/live_line.hpp"
#include "loadgen/number_option.hpp"
#include "loadgen/payload.hpp"
#include "loadgen/report.hpp"
#include "loadgen/run.hpp"
#include "loadgen/table.hpp"
#include "loadgen/verdict.hpp"

namespace kudp {
namespace {

constexpr int kInvalidRun = 3;
constexpr int kSignalled = 128;

// The options as they are given; RunOptions is what they mean.
struct Arguments {
  std::string target;
  double duration = 5;
  double warmup = 1;
  double timeout = 1000;
  std::string cpus;
  std::string json;
  bool quiet = false;
  RunOptions run;
};

void add_load_options(CLI::App& command, Arguments& arguments) {
  RunOptions& run = arguments.run;
  command.add_option("TARGET", arguments.target, "what to load: HOST:PORT or [IPV6]:PORT")
      ->required()
      ->type_name("");
  add_number(command, "--size", run.size, Payload::kSmallest, 65527, "BYTES",
             "payload of a request")
      .group("Load");
  add_number(command, "--flows", run.flows, 1, 16384, "N", "source ports, spread over the threads")
      .group("Load");
  add_number(command, "--duration", arguments.duration, 0.001, 86400, "S", "measured interval")
      .group("Time");
  add_number(command, "--warmup", arguments.warmup, 0, 3600, "S",
             "load before the interval, not counted")
      .group("Time");
  add_number(command, "--timeout", arguments.timeout, 1, 60000, "MS",
             "a reply that takes longer is late; without one a request is lost")
      .group("Time");
}

void add_generator_options(CLI::App& command, Arguments& arguments) {
  RunOptions& run = arguments.run;
  add_number(command, "--threads", run.threads, 1, 256, "N", "threads that send and receive")
      .group("Generator");
  command
      .add_option("--cpus", arguments.cpus,
                  "CPUs the threads are pinned to, such as 0,2-5 [default: the first allowed]")
      ->type_name("LIST")
      ->group("Generator");
  add_number(command, "--batch", run.batch, 1, 1024, "N", "datagrams per system call at most")
      .group("Generator");
  command.add_option("--json", arguments.json, "write records as JSON lines; - is stdout")
      ->type_name("FILE")
      ->group("Output");
  command.add_flag("--quiet", arguments.quiet, "print no table")->group("Output");
}

std::int64_t ns(double value, std::int64_t unit) {
  return std::llround(value * static_cast<double>(unit));
}

RunOptions resolved(const Arguments& arguments) {
  RunOptions run = arguments.run;
  run.target = resolve(arguments.target);
  run.duration = ns(arguments.duration, kSecond);
  run.warmup = ns(arguments.warmup, kSecond);
  run.timeout = ns(arguments.timeout, kMillisecond);
  run.cpus = arguments.cpus.empty() ? allowed_cpus() : parse_cpus(arguments.cpus);
  if (run.cpus.size() > run.threads) run.cpus.resize(run.threads);
  check(run);
  return run;
}

void require_replies(const RunOptions& run, const RunResult& result) {
  if (result.requests == 0 || result.replies > 0) return;
  throw std::runtime_error(fmt::format("{} never answered ({} requests sent{})", run.target.str(),
                                       result.requests,
                                       result.refusals > 0 ? ", connection refused" : ""));
}

void run_once(const Arguments& arguments) {
  const RunOptions options = resolved(arguments);
  JsonLines json(arguments.json);
  json.write(header_record());

  Interrupt interrupt;
  const RunResult result = [&] {
    LiveLine line;
    return run(options, interrupt, [&](const Interim& interim) { line.show(interim); });
  }();
  if (result.signal == 0) require_replies(options, result);

  const Verdict verdict = judge(options, result);
  json.write(run_record(options, result, verdict));
  if (!arguments.quiet && !json.on_stdout()) fmt::print("{}", table(options, result, verdict));
  if (result.signal != 0) throw CLI::RuntimeError(kSignalled + result.signal);
  if (!verdict.valid) throw CLI::RuntimeError(kInvalidRun);
}

// What both loops have in common, after the option that is a loop's own.
void finish_command(CLI::App& command, const std::shared_ptr<Arguments>& arguments) {
  add_load_options(command, *arguments);
  add_generator_options(command, *arguments);
  command.callback([arguments] { run_once(*arguments); });
}

}  // namespace

void add_closed_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand(
      "closed", "Keep a number of requests in flight: how much can the target do?");
  arguments->run.loop = Loop::closed;
  add_number(command, "--window", arguments->run.window, 1, 1 << 19, "N",
             "requests in flight per thread")
      .group("Load");
  finish_command(command, arguments);
}

void add_open_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand(
      "open", "Send on a schedule, come what may: how does the target do at a given load?");
  arguments->run.loop = Loop::open;
  add_number(command, "--rate", arguments->run.rate, 0.001, 1e9, "PER_S",
             "requests per second of all threads")
      .required()
      ->group("Load");
  finish_command(command, arguments);
}

}  // namespace kudp
