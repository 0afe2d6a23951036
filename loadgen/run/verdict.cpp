// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/verdict.hpp"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <cmath>

namespace kudp {
namespace {

constexpr double kTolerableShortfall = 0.005;
// An adjusted clock runs off by 500 ppm at most, unless someone turns it on purpose. Two readings
// may be apart by what a preempted reader takes.
constexpr double kTolerableDrift = 0.001;
constexpr double kReadingApart = 5 * kMillisecond;
constexpr double kSaturated = 0.95;

void invalid(Verdict& verdict, std::string why) {
  verdict.valid = false;
  verdict.notes.push_back(std::move(why));
}

// The figures are the generator's, not the target's.
void limited(Verdict& verdict, std::string why) {
  verdict.generator_limited = true;
  invalid(verdict, std::move(why));
}

double microseconds(std::uint64_t ns) {
  return static_cast<double>(ns) / kMicrosecond;
}

void judge_schedule(const RunOptions& options, const RunResult& result, Verdict& verdict) {
  if (result.sent_per_s() < options.rate * (1 - kTolerableShortfall)) {
    // An interval of few requests may miss the one that falls on its edge.
    const double meant = options.rate * static_cast<double>(result.measured) / kSecond;
    const double edge = static_cast<double>(options.threads);
    // Of Poisson arrivals the number in an interval is one of chance: four standard deviations.
    const double chance = options.arrivals == Arrivals::poisson ? 4 * std::sqrt(meant) : 0;
    if (meant - static_cast<double>(result.counts.sent) > edge + chance) {
      limited(verdict,
              fmt::format("the generator could not keep the schedule: sent {:.0f}/s of {:.0f}/s",
                          result.sent_per_s(), options.rate));
    }
  }
  const auto late = result.send_late.percentile(99);
  if (const auto limit = tolerated_delay(options); late > static_cast<std::uint64_t>(limit)) {
    limited(verdict,
            fmt::format(
                "the generator sent late: p99 {:.0f} us after the intended time, limit {:.0f} us",
                microseconds(late), microseconds(static_cast<std::uint64_t>(limit))));
  }
}

// A worker that never found nothing to do was behind all the time. (An open loop polls between
// sends, so that its CPU's share alone says nothing.)
constexpr double kAlwaysBusy = 0.99;

void judge_generator(const RunOptions& options, const RunResult& result, Verdict& verdict) {
  if (result.cpu_share < kSaturated) return;
  // A closed loop sends when it can, so a busy generator is no error; but then the goodput is the
  // generator's.
  if (options.loop == Loop::closed) {
    verdict.generator_limited = true;
    verdict.notes.push_back(fmt::format(
        "the generator was the limit: a thread used {:.0f} % of its CPU", result.cpu_share * 100));
  } else if (result.busy_share > kAlwaysBusy) {
    limited(
        verdict,
        fmt::format("the generator was the limit: a thread used {:.0f} % of its CPU and was never "
                    "idle; more --threads?",
                    result.cpu_share * 100));
  }
}

void judge_clocks(const RunOptions& options, const RunResult& result, Verdict& verdict) {
  const double drift = std::abs(clock_drift(result.before, result.after));
  const auto seconds = static_cast<double>(result.after.raw - result.before.raw);
  if (drift > kTolerableDrift + kReadingApart / std::max(seconds, 1.0)) {
    invalid(verdict, fmt::format("the clock was adjusted during the run: it was off by {:.2f} %",
                                 drift * 100));
  }
  const auto step = std::abs(clock_step(result.before, result.after));
  if (options.timestamps && step > static_cast<std::int64_t>(kReadingApart)) {
    invalid(
        verdict,
        fmt::format("the clock of the kernel's timestamps was stepped by {:.0f} ms during the run",
                    static_cast<double>(step) / kMillisecond));
  }
  if (result.wire_impossible > 0)
    verdict.notes.push_back(
        fmt::format("{} timestamps of the network card are impossible: did replies arrive on "
                    "another card, or was its clock set?",
                    result.wire_impossible));
  const auto& source = result.after.clocksource;
  if (source == "hpet" || source == "acpi_pm" || source == "jiffies")
    verdict.notes.push_back(fmt::format(
        "the clock source is {}: reading it is slow, which inflates latencies", source));
}

void judge_drops(const RunResult& result, Verdict& verdict) {
  if (result.local_drops > 0) {
    invalid(verdict, fmt::format("the generator dropped {} replies at its own sockets: raise "
                                 "net.core.rmem_max or --flows",
                                 result.local_drops));
  }
  if (const auto drops = result.send_drops(); drops > 0) {
    invalid(verdict,
            fmt::format("UDP dropped {} datagrams on their way out of this network namespace "
                        "(SndbufErrors): the device's queue is full, use a lower rate",
                        drops));
  }
  const auto here = result.after.receive_drops - result.before.receive_drops;
  if (here > result.socket_drops)
    verdict.notes.push_back(
        fmt::format("other sockets of this network namespace dropped {} datagrams for lack of room "
                    "(RcvbufErrors)",
                    here - result.socket_drops));
}

}  // namespace

std::int64_t tolerated_delay(const RunOptions& options) {
  const double gap = kSecond / options.rate * static_cast<double>(options.threads);
  return static_cast<std::int64_t>(std::clamp<double>(gap, 100 * kMicrosecond, kMillisecond));
}

Verdict judge(const RunOptions& options, const RunResult& result) {
  Verdict verdict;
  const Counts& counts = result.counts;
  if (result.signal != 0)
    verdict.notes.push_back(fmt::format(
        "interrupted by SIG{}: the last replies did not get the whole timeout to arrive",
        sigabbrev_np(result.signal)));
  if (counts.sent == 0) {
    invalid(verdict, "no request was sent in the measured interval");
    return verdict;
  }
  if (options.loop == Loop::open) judge_schedule(options, result, verdict);
  judge_generator(options, result, verdict);
  judge_clocks(options, result, verdict);
  judge_drops(result, verdict);
  if (counts.reordered > 0)
    verdict.notes.push_back(
        fmt::format("{} replies were overtaken by later ones of the same flow", counts.reordered));
  if (counts.answered + counts.late == 0 && counts.corrupt + counts.foreign > 0)
    invalid(verdict, "no reply carried what was sent: is the target an echo server?");
  else if (counts.corrupt + counts.foreign > 0)
    verdict.notes.push_back(
        fmt::format("{} replies did not carry what was sent", counts.corrupt + counts.foreign));
  if (counts.refused > 0)
    verdict.notes.push_back(fmt::format("{} times the connection was refused", counts.refused));
  return verdict;
}

}  // namespace kudp
