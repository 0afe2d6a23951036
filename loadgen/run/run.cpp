// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/run.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <utility>

#include "loadgen/base/payload.hpp"
#include "loadgen/run/crew.hpp"
#include "loadgen/run/worker.hpp"
#include "loadgen/schedule/pace.hpp"
#include "loadgen/schedule/plan.hpp"

namespace kudp {
namespace {

constexpr std::int64_t kPatienceWhenStopped = 200 * kMillisecond;
constexpr std::int64_t kShortestInterim = 250 * kMillisecond;

std::uint64_t random_key() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

std::unique_ptr<Pace> make_pace(const RunOptions& options, const Plan& plan, std::size_t thread) {
  if (options.loop == Loop::closed) return std::make_unique<ClosedPace>(options.window);
  // The threads take turns, so that together they keep even gaps.
  const double gap = kSecond / options.rate;
  const auto offset = static_cast<std::int64_t>(gap * static_cast<double>(thread));
  return std::make_unique<OpenPace>(Schedule(plan.start + offset,
                                             gap * static_cast<double>(options.threads),
                                             options.arrivals, random_key()));
}

std::int64_t interim_length(std::int64_t duration) {
  return std::clamp(duration / 40, kShortestInterim, kSecond);
}

// The workers of one run, and what they have done so far.
class Load {
 public:
  explicit Load(const RunOptions& options);

  RunResult run(Interrupt& interrupt, const Watcher& watcher);

 private:
  void supervise(Crew& crew, Interrupt& interrupt, const Watcher& watcher, RunResult& result);
  std::uint64_t dropped() const;
  Interim so_far() const;
  Interim since_last(std::int64_t now);
  void collect(RunResult& result) const;

  const RunOptions& options_;
  Interim last_;
  Plan plan_;
  Payload payload_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

Load::Load(const RunOptions& options)
    : options_(options), plan_(options.timeout), payload_(options.size, random_key()) {
  auto flows = open_flows(options.target, options.flows, flow_options(options));
  for (std::size_t i = 0; i < options.threads; ++i)
    workers_.push_back(
        std::make_unique<Worker>(plan_, payload_, share_of(flows, i, options.threads), options));
}

RunResult Load::run(Interrupt& interrupt, const Watcher& watcher) {
  RunResult result;
  plan_.start_soon(options_.warmup, options_.duration);
  Crew crew(plan_, options_.threads, options_.cpus, [this](std::size_t thread) {
    workers_[thread]->run(*make_pace(options_, plan_, thread));
  });
  result.before = read_host_state();
  supervise(crew, interrupt, watcher, result);
  result.after = read_host_state();
  crew.join();
  collect(result);
  return result;
}

void Load::supervise(Crew& crew, Interrupt& interrupt, const Watcher& watcher, RunResult& result) {
  bool measuring = false;
  const auto length = interim_length(options_.duration);
  auto next_interim = plan_.begin + length;
  const auto look = [&](std::int64_t now) {
    if (!measuring && now >= plan_.begin) {
      measuring = true;
      result.local_drops = dropped();
    }
    // What is left at the end is a piece of its own, and no sliver.
    if (watcher && now >= next_interim && now <= plan_.end - length / 2) {
      watcher(since_last(now));
      next_interim += length;
    }
  };
  result.signal = crew.supervise(interrupt, std::min(options_.timeout, kPatienceWhenStopped), look);
  result.socket_drops = dropped();
  result.local_drops = measuring ? result.socket_drops - result.local_drops : 0;
  if (const std::int64_t end = plan_.end; watcher && end - plan_.begin > last_.to)
    watcher(since_last(end));
}

std::uint64_t Load::dropped() const {
  return std::accumulate(
      workers_.begin(), workers_.end(), std::uint64_t{0},
      [](auto sum, const auto& worker) { return sum + dropped_at(worker->transport().flows()); });
}

Interim Load::so_far() const {
  Interim sum;
  for (const auto& worker : workers_) {
    const Snapshot& snapshot = worker->snapshot();
    sum.sent += snapshot.sent.load(std::memory_order_relaxed);
    sum.missing += static_cast<std::int64_t>(snapshot.missing.load(std::memory_order_relaxed));
    sum.latency.merge_running(worker->ledger().requests().latency());
  }
  sum.replies = sum.latency.count();
  return sum;
}

Interim Load::since_last(std::int64_t now) {
  Interim here = so_far();
  here.from = last_.to;
  here.to = now - plan_.begin;
  const Interim before = std::exchange(last_, here);
  here.sent -= before.sent;
  here.replies -= before.replies;
  here.missing -= before.missing;
  here.latency.subtract(before.latency);
  return here;
}

void Load::collect(RunResult& result) const {
  result.measured = std::max<std::int64_t>(plan_.end - plan_.begin, 0);
  for (const auto& worker : workers_) {
    const Ledger& ledger = worker->ledger();
    const Transport& transport = worker->transport();
    result.counts += ledger.counts();
    result.latency.merge(ledger.requests().latency());
    result.service.merge(ledger.requests().service());
    result.send_late.merge(worker->send_late());
    result.gap_deviation.merge(worker->gap_deviation());
    result.transmit_path.merge(ledger.transmit_path());
    result.receive_wait.merge(ledger.receive_wait());
    result.wire.merge(ledger.wire().times());
    result.wire_impossible += ledger.wire().impossible();
    result.busy_share = std::max(result.busy_share, worker->busy_share());
    result.cpu_share = std::max(result.cpu_share, worker->cpu_share());
    result.requests += ledger.requests().next();
    result.replies += ledger.replies();
    result.refusals += transport.refusals();
    result.short_sends += transport.short_sends();
  }
}

}  // namespace

RunResult run(const RunOptions& options, Interrupt& interrupt, const Watcher& watcher) {
  check(options);
  return Load(options).run(interrupt, watcher);
}

}  // namespace kudp
