// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/openmetrics.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <utility>

#include "loadgen/base/clock.hpp"
#include "loadgen/base/version.hpp"

namespace kudp {
namespace {

constexpr std::pair<std::string_view, double> kQuantiles[] = {
    {"0.5", 50}, {"0.9", 90}, {"0.99", 99}, {"0.999", 99.9}, {"1.0", 100}};

double seconds(double ns) {
  return ns / kSecond;
}

class Metrics {
 public:
  void info(const RunOptions& options) {
    family("kudp_load_run", "info", "", "What was run.");
    append(
        "kudp_load_run_info{{version=\"{}\",loop=\"{}\",target=\"{}\",size_bytes=\"{}\","
        "flows=\"{}\",threads=\"{}\"}} 1\n",
        kVersion, options.loop == Loop::open ? "open" : "closed", options.target.str(),
        options.size, options.flows, options.threads);
  }

  void gauge(std::string_view name, std::string_view unit, double value, std::string_view help) {
    family(name, "gauge", unit, help);
    append("{} {}\n", name, value);
  }

  void counter(std::string_view name, std::uint64_t value, std::string_view help) {
    family(name, "counter", "", help);
    append("{}_total {}\n", name, value);
  }

  void summary(std::string_view name, const Histogram& latency, std::string_view help) {
    family(name, "summary", "seconds", help);
    const auto count = latency.count();
    for (const auto& [quantile, percent] : kQuantiles)
      if (count > 0)
        append("{}{{quantile=\"{}\"}} {}\n", name, quantile,
               seconds(static_cast<double>(latency.percentile(percent))));
    append("{}_count {}\n", name, count);
    append("{}_sum {}\n", name, seconds(latency.mean() * static_cast<double>(count)));
  }

  std::string finish() { return std::move(text_) + "# EOF\n"; }

 private:
  template <typename... Values>
  void append(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Values>(values)...);
  }

  void family(std::string_view name, std::string_view type, std::string_view unit,
              std::string_view help) {
    append("# TYPE {} {}\n", name, type);
    if (!unit.empty()) append("# UNIT {} {}\n", name, unit);
    append("# HELP {} {}\n", name, help);
  }

  std::string text_;
};

}  // namespace

std::string openmetrics(const RunOptions& options, const RunResult& result,
                        const Verdict& verdict) {
  Metrics metrics;
  const Counts& counts = result.counts;
  metrics.info(options);
  metrics.gauge("kudp_load_valid", "", verdict.valid ? 1 : 0,
                "1: the figures describe the target, not the generator.");
  metrics.gauge("kudp_load_measured_seconds", "seconds",
                seconds(static_cast<double>(result.measured)), "Length of the measured interval.");
  metrics.gauge("kudp_load_offered_per_second", "",
                options.loop == Loop::open ? options.rate : result.sent_per_s(),
                "Requests per second that were meant to be sent.");
  metrics.gauge("kudp_load_goodput_per_second", "", result.goodput_per_s(),
                "Replies per second in time and within the interval.");
  metrics.counter("kudp_load_requests_sent", counts.sent, "Requests of the interval.");
  metrics.counter("kudp_load_requests_answered", counts.answered, "Of those: answered in time.");
  metrics.counter("kudp_load_requests_late", counts.late, "Of those: answered after the timeout.");
  metrics.counter("kudp_load_requests_lost", counts.lost, "Of those: not answered.");
  metrics.counter("kudp_load_replies_duplicate", counts.duplicate, "Further replies to a request.");
  metrics.counter("kudp_load_replies_reordered", counts.reordered, "Replies that were overtaken.");
  metrics.counter("kudp_load_replies_corrupt", counts.corrupt,
                  "Replies with our header that are not what was sent.");
  metrics.counter("kudp_load_replies_foreign", counts.foreign,
                  "Datagrams that are no reply to anything sent.");
  metrics.counter("kudp_load_replies_dropped_here", result.local_drops,
                  "Replies for which the generator's sockets had no room.");
  metrics.summary("kudp_load_latency_seconds", result.latency,
                  "Latency of answered and late requests, from the intended send time.");
  return metrics.finish();
}

}  // namespace kudp
