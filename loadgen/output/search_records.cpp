// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/search_records.hpp"

#include <cmath>

#include "loadgen/run/verdict.hpp"

namespace kudp::search {
namespace {

// A late reply is none here: the limit of --timeout is part of the goal.
double loss_of(const Counts& counts) {
  return counts.sent == 0
             ? 1
             : 1 - static_cast<double>(counts.answered) / static_cast<double>(counts.sent);
}

}  // namespace

Trial trial_of(const RunOptions& options, RunResult result) {
  result.counts.corrupt = result.counts.foreign = 0;
  return {.rate = options.rate,
          .seconds = static_cast<double>(options.duration) / kSecond,
          .loss_ratio = loss_of(result.counts),
          .p99_us = result.p99_of_sent() / kMicrosecond,
          .goodput_per_s = result.goodput_per_s(),
          .generator_limited = !judge(options, result).valid};
}

Record trial_record(const Trial& trial) {
  return {{"record", "trial"},
          {"offered_per_s", trial.rate},
          {"duration_s", trial.seconds},
          {"goodput_per_s", trial.goodput_per_s},
          {"loss_ratio", trial.loss_ratio},
          {"p99_of_sent_us", std::isfinite(trial.p99_us) ? Record(trial.p99_us) : Record()},
          {"generator_limited", trial.generator_limited}};
}

Record found_record(const Found& found, const Settings& settings) {
  Record record{{"record", "search"},
                {"goal", found.goal.name},
                {"goal_loss_ratio", found.goal.loss_ratio},
                {"goal_width", settings.width},
                {"trial_s", settings.trial_s},
                {"sum_s", settings.sum_s},
                {"lower_per_s", or_null(found.lower)},
                {"upper_per_s", or_null(found.upper)},
                {"throughput_per_s", or_null(found.throughput)}};
  record["goal_p99_us"] = std::isfinite(found.goal.p99_us) ? Record(found.goal.p99_us) : Record();
  record["width"] = found.lower && found.upper ? Record(1 - *found.lower / *found.upper) : Record();
  record["limit"] = limit_name(found.limit);
  return record;
}

}  // namespace kudp::search
