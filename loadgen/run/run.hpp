// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>

#include "loadgen/base/clock.hpp"
#include "loadgen/base/interrupt.hpp"
#include "loadgen/run/host_state.hpp"
#include "loadgen/run/options.hpp"
#include "loadgen/statistics/counts.hpp"
#include "loadgen/statistics/histogram.hpp"

namespace kudp {

struct RunResult {
  Counts counts;
  Histogram latency;        // of answered and late, from the intended send time
  Histogram service;        // the same, from when the request was sent
  Histogram send_late;      // by how much requests went out after the intended time
  Histogram gap_deviation;  // by how much gaps between them differed from those intended
  Histogram transmit_path;  // from sending to leaving; with timestamps, one of each burst
  Histogram receive_wait;   // from the kernel's sight of a reply to ours; with timestamps
  Histogram wire;           // from card to card by its clock, one of each burst, if it tells
  std::uint64_t wire_impossible = 0;  // times of the card that cannot be
  std::int64_t measured = 0;          // length of the measured interval
  std::uint64_t local_drops = 0;      // replies for which our own sockets had no room
  std::uint64_t socket_drops = 0;     // the same, warm-up included
  double cpu_share = 0;               // the busiest worker's CPU time over the measured interval
  double busy_share = 0;              // of the busiest worker's rounds: it had something to do
  HostState before;                   // the host at the beginning and the end
  HostState after;
  int signal = 0;  // that ended the run early

  // Warm-up included.
  std::uint64_t requests = 0;
  std::uint64_t replies = 0;
  std::uint64_t refusals = 0;
  std::uint64_t short_sends = 0;  // calls that the kernel had no room for; they were made again

  double sent_per_s() const { return per_second(counts.sent); }

  // Replies that came in time and before the interval's end, to requests of the interval. Replies
  // that drip in afterwards would flatter a server that only queues; what was in flight at the
  // end is missing instead, so this errs on the low side.
  double goodput_per_s() const { return per_second(counts.in_interval); }

  double loss_ratio() const {
    return counts.sent == 0 ? 0
                            : static_cast<double>(counts.lost) / static_cast<double>(counts.sent);
  }

  // Nanoseconds within which 99 % of all requests were answered, which is longer than 99 % of the
  // answers took if some have none; infinite if that are too many.
  double p99_of_sent() const {
    const auto percent =
        99 * static_cast<double>(counts.sent) / static_cast<double>(latency.count());
    if (!(percent <= 100)) return std::numeric_limits<double>::infinity();
    return static_cast<double>(latency.percentile(percent));
  }

  std::uint64_t send_drops() const { return kudp::send_drops(before, after, short_sends); }

  // The part of the mean latency that passed in the generator: before a request was sent, and while
  // its reply lay in our socket. Nothing where the kernel gave no time stamps.
  std::optional<double> generator_share() const {
    if (latency.mean() <= 0 || receive_wait.count() == 0) return std::nullopt;
    return std::min((send_late.mean() + receive_wait.mean()) / latency.mean(), 1.0);
  }

 private:
  double per_second(std::uint64_t count) const {
    return measured <= 0 ? 0 : static_cast<double>(count) * kSecond / static_cast<double>(measured);
  }
};

// How a run went in a piece of its measured interval, as seen while it runs.
struct Interim {
  std::int64_t from = 0;  // since the interval's beginning
  std::int64_t to = 0;
  std::uint64_t sent = 0;
  std::uint64_t replies = 0;
  std::int64_t missing = 0;  // sent, unanswered and no longer awaited; late replies take them back
  Histogram latency;         // of these replies; its mean and maximum say nothing
};

using Watcher = std::function<void(const Interim&)>;

// Loads the target for warm-up and duration. `watcher` is called for each piece of the measured
// interval: a fortieth of it, but at least 250 ms and at most a second.
// Throws std::runtime_error where the options are wrong or the kernel refuses something.
RunResult run(const RunOptions& options, Interrupt& interrupt, const Watcher& watcher = {});

}  // namespace kudp
