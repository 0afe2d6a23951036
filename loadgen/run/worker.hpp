// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "loadgen/base/payload.hpp"
#include "loadgen/receive/ledger.hpp"
#include "loadgen/receive/transport.hpp"
#include "loadgen/run/options.hpp"
#include "loadgen/schedule/pace.hpp"
#include "loadgen/schedule/plan.hpp"
#include "loadgen/send/flow.hpp"
#include "loadgen/statistics/histogram.hpp"

namespace kudp {

// What a running worker tells the outside, on cache lines of its own. Replies are in its latency().
struct alignas(64) Snapshot {
  std::atomic<std::uint64_t> sent = 0;     // with each burst
  std::atomic<std::uint64_t> missing = 0;  // sent, unanswered, not awaited; a few times a second
};

// One thread's share of a run: its flows, its pace, its results. Construction allocates all there
// will ever be, but for an io_uring; run() shares nothing but `plan` (read) and the snapshot
// (written) with anyone.
class Worker {
 public:
  // `flows`: this thread's share of `options.flows`.
  Worker(const Plan& plan, const Payload& payload, std::vector<Flow> flows,
         const RunOptions& options);

  // Warms up, measures, drains. Throws std::system_error where the kernel refuses to send.
  void run(Pace& pace);

  // What became of the requests, to be read once run() is over; the latency's counts may be read
  // while it runs, see Histogram::merge_running().
  const Ledger& ledger() const { return ledger_; }

  // Of the measured interval, once run() is over: how late requests were sent, how far gaps between
  // them were off, and what part of its time the thread had its CPU, and had something to do.
  const Histogram& send_late() const { return send_late_; }
  const Histogram& gap_deviation() const { return gap_deviation_; }
  double cpu_share() const { return cpu_share_; }
  double busy_share() const;

  // Its flows, and what sending told; warm-up included.
  const Transport& transport() const { return *transport_; }

  Snapshot& snapshot() { return snapshot_; }

 private:
  void load();
  bool finished(std::int64_t now);
  void drain();
  void send(std::int64_t now);
  void note_sent(std::span<const std::int64_t> intended, std::int64_t now);
  std::int64_t next_look(std::int64_t now) const;
  void receive(std::int64_t now, std::int64_t until);
  void keep_books(std::int64_t now);

  const Plan& plan_;
  Ledger ledger_;
  Outstanding& requests_;               // the ledger's
  std::vector<std::int64_t> intended_;  // room for the times of one burst
  std::span<std::int64_t> due_;         // those of them still to be sent
  std::unique_ptr<Transport> transport_;
  Pace* pace_ = nullptr;            // set by run()
  std::int64_t blocked_until_ = 0;  // the kernel had no room for more

  std::int64_t end_ = 0;  // the plan's, read once per round
  std::int64_t end_seen_ = 0;
  std::int64_t next_books_ = 0;
  bool measuring_ = false;
  std::int64_t measured_from_ = 0;
  std::int64_t cpu_before_ = 0;
  double cpu_share_ = 0;
  std::uint64_t rounds_ = 0;
  std::uint64_t idle_rounds_ = 0;

  Histogram send_late_;
  Histogram gap_deviation_;
  std::int64_t last_delay_ = 0;
  Snapshot snapshot_;
};

}  // namespace kudp
