// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/table.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

namespace kudp {
namespace {

// 1234567 as "1,234,567".
std::string grouped(double value) {
  const auto digits = fmt::format("{:.0f}", value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string grouped(std::uint64_t value) {
  return grouped(static_cast<double>(value));
}

std::string latency_line(const Histogram& latency) {
  if (latency.count() == 0) return "no replies";
  std::string line;
  const auto add = [&](std::string_view name, std::uint64_t ns) {
    fmt::format_to(std::back_inserter(line), "{}{} {:.1f}", line.empty() ? "" : "   ", name,
                   static_cast<double>(ns) / kMicrosecond);
  };
  add("p50", latency.percentile(50));
  add("p90", latency.percentile(90));
  add("p99", latency.percentile(99));
  add("p99.9", latency.percentile(99.9));
  add("max", latency.max());
  return line;
}

std::string loop_line(const RunOptions& options) {
  return options.loop == Loop::open
             ? fmt::format("open, {} requests/s", grouped(options.rate))
             : fmt::format("closed, {} requests in flight per thread", options.window);
}

std::string schedule_line(const RunOptions& options, const RunResult& result) {
  const auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / kMicrosecond; };
  const auto limit = static_cast<std::uint64_t>(tolerated_delay(options));
  return fmt::format("gaps off by p50 {:.1f} us, p99 {:.1f} us; {} sent more than {:.0f} us late",
                     us(result.gap_deviation.percentile(50)),
                     us(result.gap_deviation.percentile(99)),
                     grouped(result.send_late.above(limit)), us(limit));
}

std::string verdict_line(const Verdict& verdict) {
  return fmt::format("{}{}{}", verdict.valid ? "valid" : "INVALID",
                     verdict.notes.empty() ? "" : ": ", fmt::join(verdict.notes, "; "));
}

}  // namespace

std::string table(const RunOptions& options, const RunResult& result, const Verdict& verdict) {
  const Counts& counts = result.counts;
  std::string text;
  const auto row = [&](std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(text), "{:<12}{}\n", name, value);
  };
  row("target", options.target.str());
  row("loop", loop_line(options));
  row("size", fmt::format("{} bytes", options.size));
  row("flows", fmt::format("{} on {} thread{}", options.flows, options.threads,
                           options.threads == 1 ? "" : "s"));
  row("sent",
      fmt::format("{} in {:.2f} s, {}/s", grouped(counts.sent),
                  static_cast<double>(result.measured) / kSecond, grouped(result.sent_per_s())));
  row("goodput", fmt::format("{}/s", grouped(result.goodput_per_s())));
  row("loss", fmt::format("{:.4f} %, {}", result.loss_ratio() * 100, grouped(counts.lost)));
  row("late", grouped(counts.late));
  row("duplicate", grouped(counts.duplicate));
  row("reordered", grouped(counts.reordered));
  row("corrupt", fmt::format("{}, foreign {}", grouped(counts.corrupt), grouped(counts.foreign)));
  row("latency us", latency_line(result.latency));
  if (options.loop == Loop::open) {
    row("service us", latency_line(result.service));
    row("schedule", schedule_line(options, result));
  }
  if (result.wire.count() > 0)
    row("wire us", fmt::format("{}   of {} requests, by the card's clock",
                               latency_line(result.wire), grouped(result.wire.count())));
  if (const auto share = result.generator_share(); options.timestamps && share)
    row("generator", fmt::format("{:.1f} % of the mean latency was spent in it", *share * 100));
  row("verdict", verdict_line(verdict));
  return text;
}

}  // namespace kudp
