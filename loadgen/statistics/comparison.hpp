// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/statistics/interval.hpp"

namespace kudp::comparison {

enum class Loop { closed, open };

// One measurement of one server. Absent figures were not measured, as a latency without a reply.
struct Run {
  std::string server;
  Loop loop = Loop::closed;
  int repetition = 0;
  std::optional<double> offered_per_s;
  std::optional<double> goodput_per_s;
  std::optional<double> loss_ratio;
  std::optional<double> p50_us;
  std::optional<double> p99_us;  // of all that were sent; absent where more than 1 % were lost
  std::optional<double> p999_us;
  bool generator_limited = false;  // closed loop: the target may do better
  bool valid = true;
};

enum class Claim { reference, faster, slower, undecided, too_few, lossy, limited, unmeasured };
std::string_view name_of(Claim claim);

// A claim needs this many repetitions: the least for which min to max covers the true median with
// more than 90 %.
inline constexpr std::size_t kClaimPairs = 5;

// Median of the ratios of repetitions in which both servers ran, with their range.
struct Ratio : Interval {
  std::size_t pairs;
};

// The repetitions of one server under one load. Figures are medians over its valid runs; the ratio
// is of goodput in closed loop and of p99 latency in open loop.
struct Row {
  std::string server;
  Loop loop = Loop::closed;
  std::optional<double> offered_per_s;  // open loop only
  std::size_t valid = 0;
  std::vector<int> invalid;  // repetitions that count for nothing
  std::optional<double> goodput_per_s;
  std::optional<double> loss_ratio;
  std::optional<double> p50_us;
  std::optional<double> p99_us;
  std::optional<double> p999_us;
  std::optional<Ratio> ratio;
  Claim claim = Claim::unmeasured;
};

struct Comparison {
  std::string reference;  // empty: no candidate has a valid closed-loop run
  std::vector<Row> rows;  // closed loop, then open loop by offered load; servers as they came
};

// Compares all servers with the one of `candidates` that has the highest median goodput in closed
// loop.
Comparison compare(const std::vector<Run>& runs, const std::vector<std::string>& candidates);

}  // namespace kudp::comparison
