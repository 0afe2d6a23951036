// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/run.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <utility>

#include "loadgen/base/cpus.hpp"
#include "loadgen/base/payload.hpp"
#include "loadgen/run/worker.hpp"
#include "loadgen/schedule/pace.hpp"
#include "loadgen/schedule/plan.hpp"

namespace kudp {
namespace {

// With fewer flows in flight, steering by flow would leave the server's CPUs idle in turns.
constexpr std::size_t kFlowsInFlight = 4;

constexpr std::int64_t kLook = 100 * kMillisecond;
constexpr std::int64_t kLookWhileDraining = 5 * kMillisecond;
constexpr std::int64_t kPatienceWhenStopped = 200 * kMillisecond;
constexpr std::int64_t kShortestInterim = 250 * kMillisecond;
constexpr std::int64_t kStartDelay = 2 * kMillisecond;

WorkerConfig worker_config(const RunOptions& options, std::size_t flows) {
  const auto spread = std::min(flows, kFlowsInFlight);
  const auto share = (options.window + spread - 1) / spread;
  return {.batch = options.batch,
          .burst = options.loop == Loop::closed ? std::min(options.batch, share) : options.batch,
          .capacity = remembered_requests(options),
          .scheduled = options.loop == Loop::open,
          .backend = options.backend,
          .gso = options.gso,
          .gro = options.gro,
          .timestamps = options.timestamps};
}

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

// The workers of one run and the threads they run on.
class Crew {
 public:
  explicit Crew(const RunOptions& options);
  ~Crew();

  RunResult run(Interrupt& interrupt, const Watcher& watcher);

 private:
  void work(std::size_t thread);
  void supervise(Interrupt& interrupt, const Watcher& watcher, RunResult& result);
  bool done() const;
  std::uint64_t dropped() const;
  Interim so_far() const;
  Interim since_last(std::int64_t now);
  void collect(RunResult& result) const;

  const RunOptions& options_;
  Interim last_;
  Plan plan_;
  Payload payload_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::exception_ptr> errors_;
  std::vector<std::jthread> threads_;
};

Crew::Crew(const RunOptions& options)
    : options_(options),
      plan_(options.timeout),
      payload_(options.size, random_key()),
      errors_(options.threads) {
  auto flows = open_flows(options.target, options.flows, flow_options(options));
  for (std::size_t i = 0; i < options.threads; ++i) {
    auto share = share_of(flows, i, options.threads);
    const auto config = worker_config(options, share.size());
    workers_.push_back(std::make_unique<Worker>(plan_, payload_, std::move(share), config));
  }
}

Crew::~Crew() {
  plan_.stop(now_ns(), 0);
}

RunResult Crew::run(Interrupt& interrupt, const Watcher& watcher) {
  RunResult result;
  plan_.start_at(now_ns() + kStartDelay, options_.warmup, options_.duration);
  for (std::size_t i = 0; i < workers_.size(); ++i) threads_.emplace_back([this, i] { work(i); });
  result.before = read_host_state();
  supervise(interrupt, watcher, result);
  result.after = read_host_state();
  threads_.clear();
  for (const auto& error : errors_)
    if (error) std::rethrow_exception(error);
  collect(result);
  return result;
}

void Crew::work(std::size_t thread) {
  try {
    if (!options_.cpus.empty()) pin_to(options_.cpus[thread % options_.cpus.size()]);
    workers_[thread]->run(*make_pace(options_, plan_, thread));
  } catch (...) {
    errors_[thread] = std::current_exception();
    plan_.stop(now_ns(), 0);
  }
  workers_[thread]->snapshot().done = true;
}

// Sleeps nearly all the time: the CPUs belong to the workers and, maybe, the server.
void Crew::supervise(Interrupt& interrupt, const Watcher& watcher, RunResult& result) {
  bool measuring = false;
  const auto length = interim_length(options_.duration);
  auto next_interim = plan_.begin + length;
  while (!done()) {
    const auto now = now_ns();
    if (!measuring && now >= plan_.begin) {
      measuring = true;
      result.local_drops = dropped();
    }
    // What is left at the end is a piece of its own, and no sliver.
    if (watcher && now >= next_interim && now <= plan_.end - length / 2) {
      watcher(since_last(now));
      next_interim += length;
    }
    const auto until = !measuring ? plan_.begin : plan_.end.load();
    const auto pause = now < until ? std::min(kLook, until - now) : kLookWhileDraining;
    if (const int signal = interrupt.wait(pause)) {
      result.signal = signal;
      plan_.stop(now_ns(), std::min(options_.timeout, kPatienceWhenStopped));
    }
  }
  result.socket_drops = dropped();
  result.local_drops = measuring ? result.socket_drops - result.local_drops : 0;
  if (const std::int64_t end = plan_.end; watcher && end - plan_.begin > last_.to)
    watcher(since_last(end));
}

bool Crew::done() const {
  return std::ranges::all_of(workers_, [](const auto& worker) {
    return worker->snapshot().done.load(std::memory_order_acquire);
  });
}

std::uint64_t Crew::dropped() const {
  return std::accumulate(
      workers_.begin(), workers_.end(), std::uint64_t{0},
      [](auto sum, const auto& worker) { return sum + dropped_at(worker->flows()); });
}

Interim Crew::so_far() const {
  Interim sum;
  for (const auto& worker : workers_) {
    const Snapshot& snapshot = worker->snapshot();
    sum.sent += snapshot.sent.load(std::memory_order_relaxed);
    sum.missing += static_cast<std::int64_t>(snapshot.missing.load(std::memory_order_relaxed));
    sum.latency.merge_running(worker->latency());
  }
  sum.replies = sum.latency.count();
  return sum;
}

Interim Crew::since_last(std::int64_t now) {
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

void Crew::collect(RunResult& result) const {
  result.measured = std::max<std::int64_t>(plan_.end - plan_.begin, 0);
  for (const auto& worker : workers_) {
    result.counts += worker->counts();
    result.latency.merge(worker->latency());
    result.service.merge(worker->service());
    result.send_late.merge(worker->send_late());
    result.gap_deviation.merge(worker->gap_deviation());
    result.transmit_path.merge(worker->transmit_path());
    result.receive_wait.merge(worker->receive_wait());
    result.wire.merge(worker->wire().times());
    result.wire_impossible += worker->wire().impossible();
    result.busy_share = std::max(result.busy_share, worker->busy_share());
    result.cpu_share = std::max(result.cpu_share, worker->cpu_share());
    result.requests += worker->requests();
    result.replies += worker->replies();
    result.refusals += worker->refusals();
    result.short_sends += worker->short_sends();
  }
}

}  // namespace

RunResult run(const RunOptions& options, Interrupt& interrupt, const Watcher& watcher) {
  check(options);
  return Crew(options).run(interrupt, watcher);
}

}  // namespace kudp
