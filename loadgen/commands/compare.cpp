// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>

#include "loadgen/base/json_lines.hpp"
#include "loadgen/base/number_option.hpp"
#include "loadgen/commands/run_arguments.hpp"
#include "loadgen/commands/work.hpp"
#include "loadgen/output/contest.hpp"
#include "loadgen/output/header.hpp"
#include "loadgen/output/run_record.hpp"
#include "loadgen/run/verdict.hpp"
#include "loadgen/statistics/contest.hpp"

namespace kudp {
namespace {

struct CompareArguments {
  RunArguments run;
  std::vector<std::string> targets;
  double rate = 0;
  std::size_t repetitions = 30;
  double width = 0.05;
};

// Runs the same load against all targets, each repetition in an order of chance, so that what
// disturbs the machine favours none of them.
class Comparer {
 public:
  explicit Comparer(const CompareArguments& arguments)
      : arguments_(arguments),
        json_(arguments.run.json),
        samples_(arguments.targets.size()),
        limited_(arguments.targets.size()) {
    for (const auto& target : arguments.targets) {
      RunArguments one = arguments.run;
      one.target = target;
      options_.push_back(resolved(one));
    }
    json_.write(header_record());
  }

  void run() {
    std::vector<std::size_t> order(options_.size());
    std::iota(order.begin(), order.end(), 0);
    std::mt19937 random(std::random_device{}());
    while (repetition_ < arguments_.repetitions && !narrow()) {
      ++repetition_;
      std::ranges::shuffle(order, random);
      for (const auto target : order) measure(target);
    }
    tell();
    if (!complete()) throw CLI::RuntimeError(kInvalidRun);
  }

 private:
  bool open() const { return options_[0].loop == Loop::open; }

  void measure(std::size_t target) {
    const RunOptions& options = options_[target];
    const RunResult result = kudp::run(options, interrupt_);
    if (result.signal != 0) {
      tell();
      throw CLI::RuntimeError(kSignalled + result.signal);
    }
    require_replies(options, result);
    const Verdict verdict = judge(options, result);
    Record record = run_record(options, result, verdict);
    record["server"] = arguments_.targets[target];
    record["repetition"] = repetition_;
    json_.write(record);
    limited_[target] += verdict.generator_limited;
    if (verdict.valid) samples_[target].push_back(figure(result));
  }

  // What is not answered took for ever: else a target would win by dropping requests.
  double figure(const RunResult& result) const {
    if (!open()) return result.goodput_per_s();
    return result.p99_of_sent() / kMicrosecond;
  }

  bool complete() const {
    return std::ranges::all_of(samples_,
                               [](const auto& samples) { return samples.size() >= kFewest; });
  }

  std::vector<std::optional<Interval>> intervals() const {
    std::vector<std::optional<Interval>> all;
    for (const auto& samples : samples_) all.push_back(interval_of(samples));
    return all;
  }

  // The width alone ends it: to stop as soon as there is a winner would find one in chance.
  bool narrow() const {
    return std::ranges::all_of(intervals(), [&](const auto& interval) {
      return interval && interval->width() <= arguments_.width;
    });
  }

  bool others_are_limited(std::size_t best) const {
    for (std::size_t i = 0; i < limited_.size(); ++i)
      if (i != best && limited_[i] > 0) return true;
    return false;
  }

  Contest standings() const {
    const auto all = intervals();
    Contest contest{.open = open(),
                    .repetitions = repetition_,
                    .standings = {},
                    .leader = contest::winner(all, !open()),
                    .wins = false};
    for (std::size_t i = 0; i < all.size(); ++i)
      contest.standings.push_back({arguments_.targets[i], samples_[i].size(), limited_[i], all[i]});
    // A goodput that was the generator's is the least that the target can do.
    contest.wins = contest.leader && (open() || !others_are_limited(*contest.leader));
    return contest;
  }

  void tell() {
    const auto result = standings();
    for (const auto& record : contest_records(result)) json_.write(record);
    if (!arguments_.run.quiet && !json_.on_stdout()) fmt::print("{}", contest_text(result));
  }

  const CompareArguments& arguments_;
  JsonLines json_;
  std::vector<RunOptions> options_;
  std::vector<std::vector<double>> samples_;
  std::vector<std::size_t> limited_;  // runs of each target in which the generator was the limit
  Interrupt interrupt_;
  std::size_t repetition_ = 0;
};

void run_compare(CompareArguments& arguments) {
  RunOptions& run = arguments.run.run;
  if (arguments.rate > 0 && arguments.rate < kLowestRate)
    throw std::runtime_error(fmt::format("--rate {}: want 0 or a number from {} to {}",
                                         arguments.rate, kLowestRate, kHighestRate));
  run.loop = arguments.rate > 0 ? Loop::open : Loop::closed;
  run.rate = arguments.rate;
  Comparer(arguments).run();
}

}  // namespace

void add_compare_command(CLI::App& app) {
  const auto arguments = std::make_shared<CompareArguments>();
  RunArguments& run = arguments->run;
  run.duration = 1;
  run.warmup = 0.2;
  CLI::App& command =
      *app.add_subcommand("compare", "Load several targets in turn: is one of them really better?");
  command.add_option("TARGET", arguments->targets, "two or more targets: HOST:PORT or [IPV6]:PORT")
      ->required()
      ->expected(2, 64)
      ->type_name("");
  add_number(command, "--rate", arguments->rate, 0, kHighestRate, "PER_S",
             "compare p99 latency at this rate; 0: compare the goodput of a closed loop")
      .group("Load");
  add_number(command, "--window", run.run.window, 1, 1 << 19, "N",
             "closed loop: requests in flight per thread")
      .group("Load");
  add_load_options(command, run);
  add_arrivals(command, run);
  add_number(command, "--repetitions", arguments->repetitions, kFewest, 1000, "N",
             "most runs of each target")
      .group("Time");
  add_number(command, "--width", arguments->width, 0.001, 1, "RATIO",
             "stop when every interval is this narrow, relative to its median")
      .group("Time");
  add_time_options(command, run);
  add_timeout(command, run);
  add_generator_options(command, run);
  add_receive_options(command, run);
  add_output_options(command, run);
  set_work(command, [arguments] { run_compare(*arguments); });
}

}  // namespace kudp
