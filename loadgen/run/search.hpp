// SPDX-License-Identifier: GPL-2.0-only
//
// The search for the highest loads that a target bears, after RFC 9971 (MLRsearch). No network
// here: a trial is a function.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kudp::search {

// One load offered for one time.
struct Trial {
  double rate = 0;        // requests per second
  double seconds = 0;     // how long
  double loss_ratio = 0;  // of requests not answered in time
  double p99_us = 0;      // latency from the intended time
  double goodput_per_s = 0;
  bool generator_limited = false;  // the generator did not keep the schedule, so nothing is known
};

// Nothing where the search is to stop.
using Measure = std::function<std::optional<Trial>(double rate, double seconds)>;

// What a load must hold.
struct Goal {
  std::string name;
  double loss_ratio = 0;
  double p99_us = std::numeric_limits<double>::infinity();
};

struct Settings {
  double min_rate = 1'000;
  double max_rate = 1'000'000;
  double width = 0.005;        // of the upper bound: as close as the bounds shall come
  double short_trial_s = 0.1;  // of the ramp and the first narrowing
  double trial_s = 1;          // of the trials that decide
  double sum_s = 21;           // that a load is tried for, unless it is decided before
  double exceed_ratio = 0.5;   // of that time may miss the goal
  std::size_t most_trials = 2'000;
  std::vector<Goal> goals{{"NDR", 0}, {"PDR", 0.005}};
};

enum class Limit { target, generator, max_rate, min_rate, stopped };

struct Found {
  Goal goal;
  std::optional<double> lower;       // the highest load that held the goal
  std::optional<double> upper;       // the lowest above it that did not
  std::optional<double> throughput;  // conditional: the goodput that the lower bound is good for
  Limit limit = Limit::stopped;      // what keeps the result from being higher
};

std::string limit_name(Limit limit);

// Finds the bounds of each goal. Loads are tried for short times first, the ramp by doubling: it
// ends at the first load that the target obviously does not bear. `measure` is called one at a
// time, and not again once it returned nothing.
std::vector<Found> search(const Settings& settings, const Measure& measure);

}  // namespace kudp::search
