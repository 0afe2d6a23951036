// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "loadgen/base/fd.hpp"
#include "loadgen/base/payload.hpp"
#include "loadgen/receive/inbox.hpp"
#include "loadgen/receive/stamp_reader.hpp"
#include "loadgen/run/options.hpp"
#include "loadgen/schedule/pace.hpp"
#include "loadgen/schedule/plan.hpp"
#include "loadgen/send/flow.hpp"
#include "loadgen/send/outbox.hpp"
#include "loadgen/send/ring_backend.hpp"
#include "loadgen/statistics/counts.hpp"
#include "loadgen/statistics/histogram.hpp"
#include "loadgen/statistics/outstanding.hpp"
#include "loadgen/statistics/wire_times.hpp"

namespace kudp {

// What a running worker tells the outside, on cache lines of its own. Replies are in its latency().
struct alignas(64) Snapshot {
  std::atomic<std::uint64_t> sent = 0;     // with each burst
  std::atomic<std::uint64_t> missing = 0;  // sent, unanswered, not awaited; a few times a second
  std::atomic<bool> done = false;
};

struct WorkerConfig {
  std::size_t batch;     // datagrams per sendmmsg or recvmmsg at most
  std::size_t burst;     // requests that go out on one flow before the next has its turn
  std::size_t capacity;  // requests that are remembered
  bool scheduled;        // a request may be sent later than intended
  Backend backend;
  std::size_t gso;  // requests to a super-packet at most
  bool gro;         // replies may be super-packets
  bool timestamps;  // kernel and card tell when requests left and replies came
};

// One thread's share of a run: its flows, its pace, its results. Construction allocates all there
// will ever be; run() shares nothing but `plan` (read) and `snapshot` (written) with anyone.
//
// sendmmsg works on one socket, so a burst goes out on one flow and the next burst on the next:
// that costs one system call per burst however many flows there are, and still visits all of them.
// When few requests are due a burst is one request, so successive requests take successive flows.
// Replies are found by edge-triggered epoll: a socket is reported once for all that has arrived and
// is read until it runs short, without the second look at every socket that level-triggered epoll
// takes.
class Worker {
 public:
  Worker(const Plan& plan, const Payload& payload, std::vector<Flow> flows,
         const WorkerConfig& config);
  Worker(const Worker&) = delete;  // epoll knows where the flows are

  // Warms up, measures, drains. Throws std::system_error where the kernel refuses to send.
  void run(Pace& pace);

  // Of the measured interval, once run() is over.
  Counts counts() const;
  // Its counts can be read while the worker runs, see Histogram::merge_running().
  const Histogram& latency() const { return outstanding_.latency(); }
  const Histogram& service() const { return outstanding_.service(); }
  const Histogram& send_late() const { return send_late_; }
  const Histogram& gap_deviation() const { return gap_deviation_; }
  const Histogram& transmit_path() const { return transmit_path_; }
  const Histogram& receive_wait() const { return receive_wait_; }
  const WireTimes& wire() const { return wire_; }
  double cpu_share() const { return cpu_share_; }
  double busy_share() const;

  // Warm-up included.
  std::uint64_t requests() const { return outstanding_.next(); }
  std::uint64_t replies() const { return replies_; }
  std::uint64_t refusals() const { return refusals_; }
  std::uint64_t short_sends() const { return short_sends_ + (ring_ ? ring_->short_sends() : 0); }

  const std::vector<Flow>& flows() const { return flows_; }
  Snapshot& snapshot() { return snapshot_; }

 private:
  void load();
  bool finished(std::int64_t now);
  void drain();

  void send(std::int64_t now);
  void note_sent(std::span<const std::int64_t> intended, std::int64_t now);
  void send_failed(int error);
  void note_refusal();
  std::int64_t next_look(std::int64_t now) const;

  void wait_and_receive(std::int64_t now, std::int64_t until);
  int wait(std::int64_t now, std::int64_t until);
  bool enter_ring(std::int64_t before, std::int64_t until);
  void receive(Flow& flow);
  void read_again(Flow& flow);
  void take_replies(Flow& flow, std::size_t count);
  void take_reply(const Payload& payload, Flow& flow, const std::byte* data, std::size_t length,
                  Arrival arrived, std::int64_t now);
  void note_replies(std::size_t datagrams, std::uint64_t answered_before, std::int64_t now);
  void take_stamps(Flow& flow);
  void note_mismatch(Payload::Match match);

  void keep_books(std::int64_t now);

  const Plan& plan_;
  const Payload& payload_;
  std::vector<Flow> flows_;
  Pace* pace_ = nullptr;  // set by run()
  Outstanding outstanding_;
  Outbox requests_;
  Inbox received_;
  StampReader stamps_;
  WireTimes wire_;
  bool timestamps_;
  Backend backend_;
  std::optional<RingBackend> ring_;  // made by run(), since it is the thread's

  std::vector<std::int64_t> intended_;  // room for the times of one burst
  std::span<std::int64_t> due_;         // those of them still to be sent
  std::size_t turn_ = 0;                // the flow the next burst goes out on
  std::int64_t blocked_until_ = 0;      // the kernel had no room for more
  std::size_t too_long_ = 0;            // sends in a row that failed for their size

  Fd epoll_;
  std::vector<epoll_event> events_;

  std::int64_t end_ = 0;  // the plan's, read once per round
  std::int64_t end_seen_ = 0;
  std::int64_t last_reply_ = 0;
  std::int64_t next_books_ = 0;
  bool measuring_ = false;
  std::int64_t measured_from_ = 0;
  std::int64_t cpu_before_ = 0;
  double cpu_share_ = 0;
  std::uint64_t rounds_ = 0;
  std::uint64_t idle_rounds_ = 0;

  std::uint64_t replies_ = 0;
  std::uint64_t refusals_ = 0;
  std::uint64_t short_sends_ = 0;
  Counts noticed_;  // what outstanding_ cannot see
  Histogram send_late_;
  Histogram gap_deviation_;
  std::int64_t last_delay_ = 0;
  Histogram transmit_path_;
  Histogram receive_wait_;
  Snapshot snapshot_;
};

}  // namespace kudp
