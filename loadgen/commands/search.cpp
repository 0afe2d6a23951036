// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/search.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "loadgen/base/json_lines.hpp"
#include "loadgen/base/number_option.hpp"
#include "loadgen/commands/run_arguments.hpp"
#include "loadgen/commands/work.hpp"
#include "loadgen/output/header.hpp"
#include "loadgen/output/run_record.hpp"
#include "loadgen/output/search_records.hpp"
#include "loadgen/output/table.hpp"
#include "loadgen/run/search.hpp"
#include "loadgen/run/verdict.hpp"

namespace kudp {
namespace {

struct SearchArguments {
  RunArguments run;
  search::Settings settings;
  double ndr_loss = 0;
  double pdr_loss = 0.005;
  double max_p99_us = 0;
  double latency_s = 5;
};

constexpr double kLatencyAt[] = {0.1, 0.5, 0.9};

std::int64_t ns(double seconds) {
  return std::llround(seconds * static_cast<double>(kSecond));
}

// Throws std::runtime_error where the target answered, but nothing that it was sent.
void require_echo(const RunOptions& options, const RunResult& result) {
  const Counts& counts = result.counts;
  if (counts.answered + counts.late > 0 || counts.corrupt + counts.foreign == 0) return;
  throw std::runtime_error(fmt::format(
      "{} replied, but not with what was sent: is it an echo server?", options.target.str()));
}

std::string found_line(const search::Found& found) {
  const auto number = [](const std::optional<double>& rate) {
    return rate ? fmt::format("{:.0f}", *rate) : std::string("none");
  };
  const auto width = found.lower && found.upper
                         ? fmt::format(", width {:.2f} %", 100 * (1 - *found.lower / *found.upper))
                         : "";
  return fmt::format("{:<5} loss up to {:g} %: {} to {}/s{}; throughput {}/s; {}\n",
                     found.goal.name, found.goal.loss_ratio * 100, number(found.lower),
                     number(found.upper), width, number(found.throughput),
                     search::limit_name(found.limit));
}

// Runs trials against the target, and keeps what they said.
class Searcher {
 public:
  Searcher(const SearchArguments& arguments, RunOptions options)
      : arguments_(arguments), options_(std::move(options)), json_(arguments.run.json) {
    json_.write(header_record());
  }

  void run() {
    const auto found = search::search(
        arguments_.settings, [this](double rate, double seconds) { return trial(rate, seconds); });
    clear_line();
    for (const auto& one : found) {
      json_.write(search::found_record(one, arguments_.settings));
      print(found_line(one));
    }
    if (found.back().lower && arguments_.latency_s > 0)
      for (const double part : kLatencyAt)
        if (signal_ == 0) latency_at(part, *found.back().lower);
    if (signal_ != 0) throw CLI::RuntimeError(kSignalled + signal_);
    if (!valid_ || std::ranges::any_of(found, [](const auto& one) {
          return one.limit == search::Limit::generator || one.limit == search::Limit::stopped;
        }))
      throw CLI::RuntimeError(kInvalidRun);
  }

 private:
  std::optional<search::Trial> trial(double rate, double seconds) {
    options_.rate = rate;
    options_.duration = ns(seconds);
    options_.warmup = std::min(ns(seconds / 5), kSecond / 5);
    const RunResult result = kudp::run(options_, interrupt_);
    signal_ = result.signal;
    if (signal_ != 0) return std::nullopt;
    if (trials_ == 0) {
      require_replies(options_, result);
      require_echo(options_, result);
    }
    const auto trial = search::trial_of(options_, result);
    json_.write(search::trial_record(trial));
    show(trial);
    return trial;
  }

  // Latency belongs to a load, and says most where the load is borne with ease.
  void latency_at(double part, double rate) {
    options_.rate = part * rate;
    options_.duration = ns(arguments_.latency_s);
    const RunResult result = kudp::run(options_, interrupt_);
    signal_ = result.signal;
    if (signal_ != 0) return;
    const Verdict verdict = judge(options_, result);
    valid_ = valid_ && verdict.valid;
    Record record = run_record(options_, result, verdict);
    record["of_throughput"] = part;
    json_.write(record);
    print(fmt::format("\nat {:.0f} % of the {}\n{}", part * 100,
                      arguments_.settings.goals.back().name, table(options_, result, verdict)));
  }

  void print(const std::string& text) const {
    if (!arguments_.run.quiet && !json_.on_stdout()) fmt::print("{}", text);
  }

  void show(const search::Trial& trial) {
    ++trials_;
    if (!isatty(STDERR_FILENO)) return;
    fmt::print(stderr, "\r\033[Ktrial {}: {:.0f}/s for {:g} s, loss {:.4f} %{}", trials_,
               trial.rate, trial.seconds, trial.loss_ratio * 100,
               trial.generator_limited ? ", invalid: the generator was too slow" : "");
    std::fflush(stderr);
  }
  void clear_line() const {
    if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K");
  }

  const SearchArguments& arguments_;
  RunOptions options_;
  JsonLines json_;
  Interrupt interrupt_;
  int signal_ = 0;
  bool valid_ = true;  // all runs after the trials
  int trials_ = 0;
};

void run_search(SearchArguments& arguments) {
  auto& settings = arguments.settings;
  if (settings.min_rate >= settings.max_rate)
    throw std::runtime_error(fmt::format("--min-rate {:g}: want less than --max-rate {:g}",
                                         settings.min_rate, settings.max_rate));
  if (arguments.ndr_loss > arguments.pdr_loss)
    throw std::runtime_error(fmt::format("--ndr-loss {:g}: want no more than --pdr-loss {:g}",
                                         arguments.ndr_loss, arguments.pdr_loss));
  if (settings.sum_s < settings.trial_s || settings.trial_s < settings.short_trial_s)
    throw std::runtime_error("want --short-trial no longer than --trial, and that than --sum");
  settings.goals = {{"NDR", arguments.ndr_loss}, {"PDR", arguments.pdr_loss}};
  if (arguments.max_p99_us > 0)
    for (auto& goal : settings.goals) goal.p99_us = arguments.max_p99_us;
  arguments.run.run.rate = settings.max_rate;  // so that the check is of the highest there may be
  Searcher(arguments, resolved(arguments.run)).run();
}

void add_search_options(CLI::App& command, SearchArguments& arguments) {
  auto& settings = arguments.settings;
  const auto add = [&](const char* name, double& value, double low, double high, const char* unit,
                       const char* what) {
    add_number(command, name, value, low, high, unit, what).group("Search");
  };
  add("--min-rate", settings.min_rate, 1, 1e9, "PER_S", "where the ramp starts");
  add("--max-rate", settings.max_rate, 1, 1e9, "PER_S", "highest load to try");
  add("--ndr-loss", arguments.ndr_loss, 0, 1, "RATIO", "loss ratio that the NDR tolerates");
  add("--pdr-loss", arguments.pdr_loss, 0, 1, "RATIO", "loss ratio that the PDR tolerates");
  add("--max-p99", arguments.max_p99_us, 0, 1e9, "US",
      "highest p99 latency for both NDR and PDR; 0: no limit");
  add("--width", settings.width, 0.0001, 0.5, "RATIO",
      "stop when the bounds are this close, relative to the upper one");
  add("--trial", settings.trial_s, 0.05, 3600, "S", "length of a trial");
  add("--sum", settings.sum_s, 0.05, 36000, "S", "longest total time of all trials at one load");
  add("--exceed", settings.exceed_ratio, 0, 0.99, "RATIO",
      "fraction of the trial time that may miss the goal");
  add("--short-trial", settings.short_trial_s, 0.05, 3600, "S",
      "length of the first, coarse trials");
  add("--latency", arguments.latency_s, 0, 3600, "S",
      "length of the latency runs at 10, 50 and 90 % of the PDR afterwards; 0: none");
}

}  // namespace

void add_search_command(CLI::App& app) {
  const auto arguments = std::make_shared<SearchArguments>();
  RunArguments& run = arguments->run;
  run.run.loop = Loop::open;
  run.timeout = 200;
  CLI::App& command = *app.add_subcommand(
      "search",
      "Find the highest loads that the target can take: without loss (NDR), with some loss (PDR).");
  add_target(command, run);
  add_load_options(command, run);
  add_arrivals(command, run);
  add_search_options(command, *arguments);
  add_timeout(command, run);
  add_generator_options(command, run);
  add_receive_options(command, run);
  add_output_options(command, run);
  set_work(command, [arguments] { run_search(*arguments); });
}

}  // namespace kudp
