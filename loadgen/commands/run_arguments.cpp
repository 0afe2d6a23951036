// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/run_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "loadgen/base/cpus.hpp"
#include "loadgen/base/number_option.hpp"
#include "loadgen/base/payload.hpp"

namespace kudp {
namespace {

std::int64_t ns(double value, std::int64_t unit) {
  return std::llround(value * static_cast<double>(unit));
}

// An option that is one of a few words; what `value` holds goes by the first of them.
template <class T>
CLI::Option* add_choice(CLI::App& command, const std::string& name, T& value,
                        const Choices<T>& choices, const std::string& description) {
  std::string words;
  for (const auto& [word, meaning] : choices) words += (words.empty() ? "" : "|") + word;
  const auto meaning_of = [=](const std::string& text) {
    const auto found = std::ranges::find(choices, text, &std::pair<std::string, T>::first);
    return found == choices.end() ? std::nullopt : std::optional(found->second);
  };
  const auto check = [=](const std::string& text) {
    return meaning_of(text) ? "" : fmt::format("want {}, not '{}'", words, text);
  };
  return command
      .add_option_function<std::string>(
          name, [=, &value](const std::string& text) { value = *meaning_of(text); },
          fmt::format("{} [default: {}]", description, choices.front().first))
      ->check(CLI::Validator(check, ""))
      ->type_name(words);
}

}  // namespace

void add_target(CLI::App& command, RunArguments& arguments) {
  command.add_option("TARGET", arguments.target, "the target: HOST:PORT or [IPV6]:PORT")
      ->required()
      ->type_name("");
}

void add_load_options(CLI::App& command, RunArguments& arguments) {
  RunOptions& run = arguments.run;
  add_number(command, "--size", run.size, Payload::kSmallest, 65527, "BYTES",
             "payload of a request")
      .group("Load");
  add_number(command, "--flows", run.flows, 1, 16384, "N",
             "source ports, distributed over the threads")
      .group("Load");
}

void add_time_options(CLI::App& command, RunArguments& arguments) {
  add_number(command, "--duration", arguments.duration, 0.001, 86400, "S", "measured interval")
      .group("Time");
  add_number(command, "--warmup", arguments.warmup, 0, 3600, "S",
             "load before the measured interval, not counted")
      .group("Time");
}

void add_timeout(CLI::App& command, RunArguments& arguments) {
  add_number(command, "--timeout", arguments.timeout, 1, 60000, "MS",
             "a later reply counts as late; a request without a reply is lost")
      .group("Time");
}

void add_generator_options(CLI::App& command, RunArguments& arguments) {
  RunOptions& run = arguments.run;
  add_number(command, "--threads", run.threads, 1, 256, "N", "threads that send and receive")
      .group("Generator");
  command
      .add_option("--cpus", arguments.cpus,
                  "CPUs to pin the threads to, such as 0,2-5 [default: the first allowed]")
      ->type_name("LIST")
      ->group("Generator");
  add_number(command, "--batch", run.batch, 1, 1024, "N", "most datagrams per system call")
      .group("Generator");
  add_number(command, "--gso", run.gso, 1, 64, "N",
             "requests of a flow sent as one super-packet (UDP_SEGMENT); 1: no super-packets")
      .group("Generator");
}

void add_backend(CLI::App& command, RunArguments& arguments, const Choices<Backend>& names,
                 const std::string& description) {
  add_choice(command, "--backend", arguments.run.backend, names, description)->group("Generator");
}

void add_receive_options(CLI::App& command, RunArguments& arguments) {
  RunOptions& run = arguments.run;
  add_backend(command, arguments,
              {{"sendmmsg", Backend::sendmmsg}, {"io_uring", Backend::io_uring}},
              "how to send and receive: sendmmsg and recvmmsg, or io_uring");
  command.add_flag("--gro", run.gro, "receive the replies of a flow as super-packets (UDP_GRO)")
      ->group("Generator");
  command
      .add_flag("--timestamps", run.timestamps,
                "record when requests left and replies arrived, by the kernel's clock and, if it "
                "has one, "
                "the network card's (SO_TIMESTAMPING)")
      ->group("Generator");
}

void add_arrivals(CLI::App& command, RunArguments& arguments) {
  add_choice(command, "--arrivals", arguments.run.arrivals,
             {{"constant", Arrivals::constant}, {"poisson", Arrivals::poisson}},
             "gaps between requests: constant, or poisson as from many independent clients")
      ->group("Load");
}

void add_output_options(CLI::App& command, RunArguments& arguments) {
  command.add_option("--json", arguments.json, "write records as JSON lines; - is stdout")
      ->type_name("FILE")
      ->group("Output");
  command.add_flag("--quiet", arguments.quiet, "print no table")->group("Output");
}

void add_format_options(CLI::App& command, RunArguments& arguments) {
  command
      .add_option("--hgrm", arguments.hgrm,
                  "write the latency distribution in us, in the format of HdrHistogram's plotter")
      ->type_name("FILE")
      ->group("Output");
  command
      .add_option("--openmetrics", arguments.openmetrics, "write the totals as OpenMetrics text")
      ->type_name("FILE")
      ->group("Output");
}

RunOptions resolved(const RunArguments& arguments) {
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

}  // namespace kudp
