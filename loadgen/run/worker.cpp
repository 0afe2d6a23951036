// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/worker.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "loadgen/run/backend.hpp"

namespace kudp {
namespace {

// The longest time for which a worker does not notice an interrupt.
constexpr std::int64_t kLongestSleep = 50 * kMillisecond;
// How long a worker that sees the end may go on to send what was meant to be sent before it.
constexpr std::int64_t kBacklogGrace = 50 * kMillisecond;
// How long a worker whose requests are all answered listens for duplicates.
constexpr std::int64_t kLinger = 20 * kMillisecond;
// With fewer flows in flight, steering by flow would leave the server's CPUs idle in turns.
constexpr std::size_t kFlowsInFlight = 4;

// Requests that go out on one flow before the next has its turn.
std::size_t burst_of(const RunOptions& options, std::size_t flows) {
  if (options.loop == Loop::open) return options.batch;
  const auto spread = std::min(flows, kFlowsInFlight);
  return std::min(options.batch, (options.window + spread - 1) / spread);
}

}  // namespace

Worker::Worker(const Plan& plan, const Payload& payload, std::vector<Flow> flows,
               const RunOptions& options)
    : plan_(plan),
      ledger_(payload, {.capacity = remembered_requests(options),
                        .timeout = plan.timeout,
                        .scheduled = options.loop == Loop::open,
                        .timestamps = options.timestamps}),
      requests_(ledger_.requests()),
      intended_(burst_of(options, flows.size())),
      transport_(make_transport(options, std::move(flows), payload, intended_.size(), ledger_)) {}

void Worker::run(Pace& pace) {
  pace_ = &pace;
  transport_->start();
  prctl(PR_SET_TIMERSLACK, 1);
  plan_.wait_for_start();
  load();
  drain();
  requests_.finish();
  snapshot_.missing.store(requests_.counts().lost, std::memory_order_relaxed);
}

void Worker::load() {
  for (;;) {
    const auto now = now_ns();
    end_ = plan_.end.load(std::memory_order_relaxed);
    ledger_.set_end(end_);
    if (now >= next_books_) keep_books(now);
    requests_.expire(now);
    if (finished(now)) break;
    send(now);
    receive(now, next_look(now));
  }
  const auto now = now_ns();
  keep_books(now);
  cpu_share_ = static_cast<double>(now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_before_) /
               static_cast<double>(std::max<std::int64_t>(now - measured_from_, 1));
}

// After the end only what was meant to be sent before it is left to do.
bool Worker::finished(std::int64_t now) {
  if (now < end_) return false;
  if (end_seen_ == 0) end_seen_ = now;
  const bool backlog = !due_.empty() || pace_->next(now, requests_.in_flight()) < end_;
  return !backlog || now >= end_seen_ + kBacklogGrace;
}

// What the kernel does not take stays due: the next flow has the next try.
void Worker::send(std::int64_t now) {
  if (now < blocked_until_ || transport_->retry_at()) return;
  if (due_.empty())
    due_ = std::span(intended_).first(
        pace_->take(std::min(now, end_ - 1), requests_.in_flight(), intended_));
  if (due_.empty()) return;

  const auto first = requests_.next();
  const auto [sent, error] = transport_->send(due_.size(), first);
  if (is_refused(error)) ledger_.refused();
  // Other refusals may come for as long as there is no route: not without a pause.
  if (error == SendError::no_room || error == SendError::unreachable)
    blocked_until_ = now_ns() + Transport::kBlockedPause;
  if (sent == 0) return;
  ledger_.asked_to_tell(first);
  const auto taken = due_.first(sent);
  due_ = due_.subspan(sent);
  note_sent(taken, now);
}

// The times ascend, so those of the warm-up come first.
void Worker::note_sent(std::span<const std::int64_t> intended, std::int64_t now) {
  auto counted = intended;
  if (intended.front() < plan_.begin) [[unlikely]] {
    const auto warmup = std::ranges::lower_bound(intended, plan_.begin) - intended.begin();
    counted = intended.subspan(static_cast<std::size_t>(warmup));
    requests_.sent(intended.first(static_cast<std::size_t>(warmup)), false, now);
  }
  requests_.sent(counted, true, now);
  snapshot_.sent.store(requests_.counts().sent, std::memory_order_relaxed);
  if (!pace_->has_schedule()) return;
  // The gap to the request before is off by as much as the one is later than the other.
  for (const auto time : counted) {
    const auto delay = now - time;
    send_late_.record(delay);
    gap_deviation_.record(std::abs(delay - last_delay_));
    last_delay_ = delay;
  }
}

// When to send next if no reply comes first.
std::int64_t Worker::next_look(std::int64_t now) const {
  if (!due_.empty()) return std::max(now, blocked_until_);
  if (const auto retry = transport_->retry_at()) return std::max(now, *retry);
  const auto next = std::max(pace_->next(now, requests_.in_flight()), blocked_until_);
  return std::min({next, requests_.next_expiry(), end_, now + kLongestSleep});
}

void Worker::receive(std::int64_t now, std::int64_t until) {
  ++rounds_;
  idle_rounds_ += !transport_->receive(now, until) && due_.empty();
}

// Replies are awaited for the timeout after the last send, unless all have come; then for a moment
// more, since a duplicate follows the reply it repeats.
void Worker::drain() {
  const auto begin = now_ns();
  for (auto now = begin;; now = now_ns()) {
    if (now >= next_books_) keep_books(now);
    auto until = std::min(begin + plan_.timeout, plan_.drain_end.load(std::memory_order_relaxed));
    if (requests_.unanswered() == 0)
      until = std::min(until, std::max(begin, ledger_.last_reply()) + kLinger);
    if (now >= until) return;
    receive(now, std::min(until, now + kLongestSleep));
  }
}

// Done a few times a second and when the warm-up is over.
void Worker::keep_books(std::int64_t now) {
  if (!measuring_) {
    rounds_ = idle_rounds_ = 0;
    measuring_ = now >= plan_.begin;
    if (measuring_) ledger_.start_measuring();
    measured_from_ = now;
    cpu_before_ = now_ns(CLOCK_THREAD_CPUTIME_ID);
  }
  next_books_ = now + kLongestSleep;
  if (!measuring_) next_books_ = std::min(next_books_, plan_.begin);

  const auto& counts = requests_.counts();
  const auto unanswered = requests_.unanswered() + counts.lost;
  const auto awaited = std::min<std::uint64_t>(unanswered, requests_.in_flight());
  snapshot_.missing.store(unanswered - awaited, std::memory_order_relaxed);
}

double Worker::busy_share() const {
  return rounds_ == 0 ? 0 : 1 - static_cast<double>(idle_rounds_) / static_cast<double>(rounds_);
}

}  // namespace kudp
