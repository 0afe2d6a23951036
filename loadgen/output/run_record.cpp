// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/run_record.hpp"

#include <cmath>
#include <string>

namespace kudp {
namespace {

constexpr int kPointsPerHalving = 2;

double us(double ns) {
  return std::round(ns) / kMicrosecond;
}
double us(std::uint64_t ns) {
  return us(static_cast<double>(ns));
}

void add_counts(Record& record, const Counts& counts) {
  record["sent"] = counts.sent;
  record["answered"] = counts.answered;
  record["late"] = counts.late;
  record["lost"] = counts.lost;
  record["duplicate"] = counts.duplicate;
  record["reordered"] = counts.reordered;
  record["stale"] = counts.stale;
  record["corrupt"] = counts.corrupt;
  record["foreign"] = counts.foreign;
  record["refused"] = counts.refused;
}

// What was not measured is null, not 0.
Record percentile(const Histogram& times, double percent) {
  return times.count() > 0 ? Record(us(times.percentile(percent))) : Record();
}

void add_percentiles(Record& record, const std::string& prefix, const Histogram& times) {
  record[prefix + "p50_us"] = percentile(times, 50);
  record[prefix + "p90_us"] = percentile(times, 90);
  record[prefix + "p99_us"] = percentile(times, 99);
  record[prefix + "p999_us"] = percentile(times, 99.9);
  record[prefix + "max_us"] = percentile(times, 100);
}

void add_latency(Record& record, const Histogram& latency) {
  record["mean_us"] = latency.count() > 0 ? Record(us(latency.mean())) : Record();
  add_percentiles(record, "", latency);
  record["percentiles"] = percentiles(latency);
}

// Service time is what a closed loop would have seen: from when a request was really sent.
void add_schedule(Record& record, const RunOptions& options, const RunResult& result) {
  record["arrivals"] = options.arrivals == Arrivals::poisson ? "poisson" : "constant";
  record["send_late_p99_us"] = percentile(result.send_late, 99);
  record["sent_late"] =
      result.send_late.above(static_cast<std::uint64_t>(tolerated_delay(options)));
  record["gap_deviation_p50_us"] = percentile(result.gap_deviation, 50);
  record["gap_deviation_p99_us"] = percentile(result.gap_deviation, 99);
  add_percentiles(record, "service_", result.service);
}

// Where the mean latency was spent; a mean is a sum of means, which no percentile is.
void add_timestamps(Record& record, const RunResult& result) {
  record["transmit_path_p50_us"] = percentile(result.transmit_path, 50);
  record["transmit_path_p99_us"] = percentile(result.transmit_path, 99);
  record["receive_wait_p50_us"] = percentile(result.receive_wait, 50);
  record["receive_wait_p99_us"] = percentile(result.receive_wait, 99);
  record["wire_p50_us"] = percentile(result.wire, 50);
  record["wire_p99_us"] = percentile(result.wire, 99);
  record["wire_requests"] = result.wire.count();
  record["wire_impossible"] = result.wire_impossible;
  record["latency_in_generator"] = or_null(result.generator_share());
}

}  // namespace

Record interval_record(const Interim& interim) {
  return {{"record", "interval"},
          {"from_s", static_cast<double>(interim.from) / kSecond},
          {"to_s", static_cast<double>(interim.to) / kSecond},
          {"sent", interim.sent},
          {"replies", interim.replies},
          {"missing", interim.missing},
          {"p50_us", percentile(interim.latency, 50)},
          {"p99_us", percentile(interim.latency, 99)},
          {"max_us", percentile(interim.latency, 100)}};
}

Record run_record(const RunOptions& options, const RunResult& result, const Verdict& verdict) {
  const bool open = options.loop == Loop::open;
  Record record{{"record", "run"},
                {"loop", open ? "open" : "closed"},
                {"target", options.target.str()},
                {"size", options.size},
                {"flows", options.flows},
                {"threads", options.threads},
                {"pinned_to", options.cpus},
                {"batch", options.batch},
                {"gso", options.gso},
                {"gro", options.gro},
                {"backend", options.backend == Backend::io_uring ? "io_uring" : "sendmmsg"},
                {"warmup_s", static_cast<double>(options.warmup) / kSecond},
                {"timeout_ms", static_cast<double>(options.timeout) / kMillisecond},
                {"duration_s", static_cast<double>(result.measured) / kSecond}};
  if (!open) record["window"] = options.window;
  record["offered_per_s"] = open ? options.rate : result.sent_per_s();
  record["sent_per_s"] = result.sent_per_s();
  record["goodput_per_s"] = result.goodput_per_s();
  add_counts(record, result.counts);
  record["loss_ratio"] = result.counts.sent > 0 ? Record(result.loss_ratio()) : Record();
  record["local_drops"] = result.local_drops;
  add_latency(record, result.latency);
  const auto p99 = result.p99_of_sent();
  record["p99_of_sent_us"] = std::isfinite(p99) ? Record(us(p99)) : Record();
  record["generator_cpu_share"] = result.cpu_share;
  record["generator_busy_share"] = result.busy_share;
  record["namespace_drops"] = result.after.receive_drops - result.before.receive_drops;
  record["send_drops"] = result.send_drops();
  record["clocksource"] = result.after.clocksource;
  record["clock_drift_ppm"] = clock_drift(result.before, result.after) * 1e6;
  if (open) add_schedule(record, options, result);
  if (options.timestamps) add_timestamps(record, result);
  record["generator_limited"] = verdict.generator_limited;
  record["valid"] = verdict.valid;
  record["verdict"] = verdict.notes;
  record["interrupted"] = result.signal != 0;
  return record;
}

Record percentiles(const Histogram& latency) {
  auto points = Record::array();
  const auto count = static_cast<double>(latency.count());
  if (count == 0) return points;
  const auto add = [&](double rest) {
    const double percent = 100 * (1 - rest);
    points.push_back({percent, us(latency.percentile(percent))});
  };
  for (double half = 1; half * count > 1; half /= 2)
    for (int step = 0; step < kPointsPerHalving; ++step)
      if (const double rest = half * (1 - 0.5 * step / kPointsPerHalving); rest * count > 1)
        add(rest);
  add(1 / count);
  points.back()[1] = us(latency.max());
  return points;
}

}  // namespace kudp
