// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/verdict.hpp"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>

namespace kudp {
namespace {

constexpr double kTolerableShortfall = 0.01;
constexpr double kSaturated = 0.95;

double microseconds(std::uint64_t ns) {
  return static_cast<double>(ns) / kMicrosecond;
}

void judge_schedule(const RunOptions& options, const RunResult& result, Verdict& verdict) {
  if (result.sent_per_s() < options.rate * (1 - kTolerableShortfall)) {
    // An interval of few requests may miss the one that falls on its edge.
    const double meant = options.rate * static_cast<double>(result.measured) / kSecond;
    if (meant - static_cast<double>(result.counts.sent) > static_cast<double>(options.threads)) {
      verdict.valid = false;
      verdict.notes.push_back(
          fmt::format("the generator could not keep the schedule: sent {:.0f}/s of {:.0f}/s",
                      result.sent_per_s(), options.rate));
    }
  }
  const auto late = result.send_late.percentile(99);
  if (const auto limit = tolerated_delay(options); late > static_cast<std::uint64_t>(limit)) {
    verdict.valid = false;
    verdict.notes.push_back(fmt::format(
        "the generator sent late: p99 {:.0f} us after the intended time, limit {:.0f} us",
        microseconds(late), microseconds(static_cast<std::uint64_t>(limit))));
  }
}

}  // namespace

std::int64_t tolerated_delay(const RunOptions& options) {
  const double gap = kSecond / options.rate * static_cast<double>(options.threads);
  return std::max(100 * kMicrosecond, static_cast<std::int64_t>(gap));
}

Verdict judge(const RunOptions& options, const RunResult& result) {
  Verdict verdict;
  const auto invalid = [&](std::string why) {
    verdict.valid = false;
    verdict.notes.push_back(std::move(why));
  };
  const Counts& counts = result.counts;
  if (result.signal != 0)
    verdict.notes.push_back(
        fmt::format("interrupted by SIG{}: the last replies were not awaited for the whole timeout",
                    sigabbrev_np(result.signal)));
  if (counts.sent == 0) {
    invalid("no request was sent in the measured interval");
    return verdict;
  }
  if (options.loop == Loop::open) judge_schedule(options, result, verdict);
  // A closed loop sends when it can, so a busy generator is no error; but then the goodput is the
  // generator's. An open loop may poll between sends: its CPU share says nothing.
  if (options.loop == Loop::closed && result.cpu_share >= kSaturated)
    verdict.notes.push_back(fmt::format(
        "the generator was the limit: a thread used {:.0f} % of its CPU", result.cpu_share * 100));
  if (result.local_drops > 0)
    invalid(fmt::format(
        "the generator dropped {} replies at its own sockets: raise net.core.rmem_max or --flows",
        result.local_drops));
  if (counts.answered + counts.late == 0 && counts.corrupt + counts.foreign > 0)
    invalid("no reply carried what was sent: is the target an echo server?");
  else if (counts.corrupt + counts.foreign > 0)
    verdict.notes.push_back(
        fmt::format("{} replies did not carry what was sent", counts.corrupt + counts.foreign));
  if (counts.refused > 0)
    verdict.notes.push_back(fmt::format("{} times the connection was refused", counts.refused));
  return verdict;
}

}  // namespace kudp
