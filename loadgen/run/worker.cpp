// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/worker.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace kudp {
namespace {

// A sleep as short as this ends late more often than not, so the worker polls instead.
constexpr std::int64_t kShortestSleep = 50 * kMicrosecond;
// The longest time for which a worker does not notice an interrupt.
constexpr std::int64_t kLongestSleep = 50 * kMillisecond;
// How long a worker that sees the end may go on to send what was meant to be sent before it.
constexpr std::int64_t kBacklogGrace = 50 * kMillisecond;
// How long a worker whose requests are all answered listens for duplicates.
constexpr std::int64_t kLinger = 20 * kMillisecond;
// How long to let the kernel send before asking it to take more.
constexpr std::int64_t kBlockedPause = 100 * kMicrosecond;

constexpr std::size_t kMostEvents = 256;
// Slots of 64 KiB each, which hold up to 64 replies.
constexpr std::size_t kMostSuperPackets = 64;
constexpr int kMostRounds = 4;

std::system_error failed(const char* what, int error) {
  return std::system_error(error, std::generic_category(), what);
}

epoll_event event_of(Flow& flow) {
  return {.events = EPOLLIN | EPOLLET, .data = {.ptr = &flow}};
}

Fd watch(std::vector<Flow>& flows) {
  Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (epoll.get() < 0) throw failed("epoll_create1", errno);
  for (Flow& flow : flows) {
    auto event = event_of(flow);
    if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, flow.socket.get(), &event))
      throw failed("epoll_ctl", errno);
  }
  return epoll;
}

}  // namespace

Worker::Worker(const Plan& plan, const Payload& payload, std::vector<Flow> flows,
               const WorkerConfig& config)
    : plan_(plan),
      payload_(payload),
      flows_(std::move(flows)),
      outstanding_(config.capacity, plan.timeout, config.scheduled),
      requests_(payload, config.burst, config.gso, config.timestamps),
      // One slot more than a batch shows that a whole batch was all there was, without another
      // call.
      received_((config.gro ? std::min(config.batch, kMostSuperPackets) : config.batch) + 1,
                payload.size(), {.gro = config.gro, .timestamps = config.timestamps}),
      stamps_(payload),
      wire_(config.timestamps),
      timestamps_(config.timestamps),
      backend_(config.backend),
      intended_(config.burst),
      epoll_(watch(flows_)),
      events_(std::min(flows_.size(), kMostEvents)) {}

void Worker::run(Pace& pace) {
  pace_ = &pace;
  if (backend_ == Backend::io_uring) ring_.emplace(flows_, intended_.size(), payload_.size());
  prctl(PR_SET_TIMERSLACK, 1);
  const auto start = to_timespec(plan_.start);
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, nullptr);
  load();
  drain();
  outstanding_.finish();
  snapshot_.missing.store(outstanding_.counts().lost, std::memory_order_relaxed);
}

void Worker::load() {
  for (;;) {
    const auto now = now_ns();
    end_ = plan_.end.load(std::memory_order_relaxed);
    if (now >= next_books_) keep_books(now);
    outstanding_.expire(now);
    if (finished(now)) break;
    send(now);
    wait_and_receive(now, next_look(now));
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
  const bool backlog = !due_.empty() || pace_->next(now, outstanding_.in_flight()) < end_;
  return !backlog || now >= end_seen_ + kBacklogGrace;
}

void Worker::send(std::int64_t now) {
  if (now < blocked_until_ || (ring_ && ring_->unsent())) return;
  if (due_.empty())
    due_ = std::span(intended_).first(
        pace_->take(std::min(now, end_ - 1), outstanding_.in_flight(), intended_));
  if (due_.empty()) return;

  const auto turn = turn_;
  Flow& flow = flows_[turn];
  turn_ = turn + 1 == flows_.size() ? 0 : turn + 1;
  const auto first = outstanding_.next();
  requests_.stamp(due_.size(), flow.id, first);
  if (ring_) {
    ring_->queue(turn, requests_, due_.size());
    note_sent(std::exchange(due_, {}), now);
    return;
  }
  const int sent = requests_.send(flow.socket.get(), due_.size());
  if (sent < 0) return send_failed(errno);
  too_long_ = 0;
  if (timestamps_ && measuring_) wire_.sent(first);
  const auto taken = due_.first(static_cast<std::size_t>(sent));
  due_ = due_.subspan(taken.size());
  short_sends_ += !due_.empty();
  note_sent(taken, now);
}

// The times ascend, so those of the warm-up come first.
void Worker::note_sent(std::span<const std::int64_t> intended, std::int64_t now) {
  auto counted = intended;
  if (intended.front() < plan_.begin) [[unlikely]] {
    const auto warmup = std::ranges::lower_bound(intended, plan_.begin) - intended.begin();
    counted = intended.subspan(static_cast<std::size_t>(warmup));
    outstanding_.sent(intended.first(static_cast<std::size_t>(warmup)), false, now);
  }
  outstanding_.sent(counted, true, now);
  snapshot_.sent.store(outstanding_.counts().sent, std::memory_order_relaxed);
  if (!pace_->has_schedule()) return;
  // The gap to the request before is off by as much as the one is later than the other.
  for (const auto time : counted) {
    const auto delay = now - time;
    send_late_.record(delay);
    gap_deviation_.record(std::abs(delay - last_delay_));
    last_delay_ = delay;
  }
}

// What was not sent stays due: the next flow has the next try.
void Worker::send_failed(int error) {
  if (error == EINTR) return;
  if (error == EAGAIN || error == ENOBUFS)
    ++short_sends_;
  else if (is_refusal(error) && (error != EMSGSIZE || ++too_long_ <= flows_.size()))
    note_refusal();
  else
    throw failed("send", error);
  // Other refusals may come for as long as there is no route: not without a pause.
  if (error != ECONNREFUSED) blocked_until_ = now_ns() + kBlockedPause;
}

void Worker::note_refusal() {
  ++refusals_;
  noticed_.refused += measuring_;
}

// When to send next if no reply comes first.
std::int64_t Worker::next_look(std::int64_t now) const {
  if (!due_.empty() || (ring_ && ring_->unsent())) return std::max(now, blocked_until_);
  const auto next = std::max(pace_->next(now, outstanding_.in_flight()), blocked_until_);
  return std::min({next, outstanding_.next_expiry(), end_, now + kLongestSleep});
}

void Worker::wait_and_receive(std::int64_t now, std::int64_t until) {
  ++rounds_;
  if (ring_) {
    idle_rounds_ += !enter_ring(now, until) && due_.empty();
    return;
  }
  const int ready = wait(now, until);
  idle_rounds_ += ready == 0 && due_.empty();
  for (int i = 0; i < ready; ++i) {
    auto& flow = *static_cast<Flow*>(events_[i].data.ptr);
    if (timestamps_ && (events_[i].events & EPOLLERR)) take_stamps(flow);
    receive(flow);
  }
}

int Worker::wait(std::int64_t now, std::int64_t until) {
  auto gap = until - now;
  if (gap >= kShortestSleep)
    gap = std::max<std::int64_t>(until - now_ns(), 0);  // sending took its time
  const auto most = static_cast<int>(events_.size());
  const auto timeout = to_timespec(gap < kShortestSleep ? 0 : gap);
  int ready = epoll_pwait2(epoll_.get(), events_.data(), most, &timeout, nullptr);
  // Valgrind and kernels before 5.11 do not have it: then the last millisecond is polled.
  if (ready < 0 && errno == ENOSYS)
    ready = epoll_wait(epoll_.get(), events_.data(), most,
                       static_cast<int>(std::max<std::int64_t>(gap, 0) / kMillisecond));
  if (ready < 0 && errno != EINTR) throw failed("epoll_pwait2", errno);
  return std::max(ready, 0);
}

// Sends what is queued and takes what has come; whether something has.
bool Worker::enter_ring(std::int64_t before, std::int64_t until) {
  const auto gap = until - before;
  ring_->enter(gap < kShortestSleep ? 0 : gap, before >= blocked_until_);
  const auto now = now_ns();
  const auto answered_before = outstanding_.counts().answered;
  const auto datagrams = ring_->for_each(
      [&](std::size_t flow, const std::byte* data, std::size_t length) {
        take_reply(payload_, flows_[flow], data, length, {}, now);
      },
      [this] { note_refusal(); });
  if (ring_->blocked()) blocked_until_ = now + kBlockedPause;
  note_replies(datagrams, answered_before, now);
  return datagrams > 0;
}

// Reads until the socket runs short, or for a few rounds: no reply may keep the requests waiting.
void Worker::receive(Flow& flow) {
  for (int round = 0; round < kMostRounds; ++round) {
    const int count = received_.receive(flow.socket.get());
    if (count < 0) {
      if (errno == EAGAIN) return;
      if (!is_refusal(errno)) throw failed("receive", errno);
      note_refusal();
      continue;
    }
    take_replies(flow, static_cast<std::size_t>(count));
    if (static_cast<std::size_t>(count) < received_.count()) return;
  }
  read_again(flow);
}

// Has epoll report the flow once more for what is left in it.
void Worker::read_again(Flow& flow) {
  auto event = event_of(flow);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, flow.socket.get(), &event))
    throw failed("epoll_ctl", errno);
}

// `payload` is the worker's: as a member it would be looked up again for each reply.
[[gnu::always_inline]] inline void Worker::take_reply(const Payload& payload, Flow& flow,
                                                      const std::byte* data, std::size_t length,
                                                      Arrival arrived, std::int64_t now) {
  const auto found = payload.match(data, length, flow.id);
  if (found.match != Payload::Match::ours) return note_mismatch(found.match);
  const auto kind = outstanding_.reply(found.sequence, now, flow.newest);
  if (kind == Outstanding::Kind::unsent) note_mismatch(Payload::Match::foreign);
  if (arrived.seen != 0 && measuring_) receive_wait_.record(now - arrived.seen);
  // A duplicate's is not its reply's, which the card may have missed.
  if (arrived.card != 0 && (kind == Outstanding::Kind::answered || kind == Outstanding::Kind::late))
    if (const auto sent = outstanding_.sent_at(found.sequence))
      wire_.came(found.sequence, arrived.card, now - *sent);
}

void Worker::take_replies(Flow& flow, std::size_t count) {
  const auto now = now_ns();
  const auto answered_before = outstanding_.counts().answered;
  const Payload& payload = payload_;
  const auto take = [&](const std::byte* data, std::size_t length, Arrival arrived)
      __attribute__((always_inline)) {
    take_reply(payload, flow, data, length, arrived, now);
  };
  note_replies(received_.for_each(count, take), answered_before, now);
}

void Worker::note_replies(std::size_t datagrams, std::uint64_t answered_before, std::int64_t now) {
  if (datagrams == 0) return;
  last_reply_ = now;
  replies_ += datagrams;
  if (now < end_) noticed_.in_interval += outstanding_.counts().answered - answered_before;
}

void Worker::take_stamps(Flow& flow) {
  while (const auto left = stamps_.read(flow.socket.get(), flow.id)) {
    if (left->card != 0) wire_.left(left->sequence, left->card);
    if (left->time == 0) continue;
    if (const auto sent = outstanding_.sent_at(left->sequence); sent && measuring_)
      transmit_path_.record(left->time - *sent);
  }
}

void Worker::note_mismatch(Payload::Match match) {
  auto& count = match == Payload::Match::corrupt ? noticed_.corrupt : noticed_.foreign;
  count += measuring_;
}

// Replies are awaited for the timeout after the last send, unless all have come; then for a moment
// more, since a duplicate follows the reply it repeats.
void Worker::drain() {
  const auto begin = now_ns();
  last_reply_ = std::max(last_reply_, begin);
  for (auto now = begin;; now = now_ns()) {
    if (now >= next_books_) keep_books(now);
    auto until = std::min(begin + plan_.timeout, plan_.drain_end.load(std::memory_order_relaxed));
    if (outstanding_.unanswered() == 0) until = std::min(until, last_reply_ + kLinger);
    if (now >= until) return;
    wait_and_receive(now, std::min(until, now + kLongestSleep));
  }
}

// Done a few times a second and when the warm-up is over.
void Worker::keep_books(std::int64_t now) {
  if (!measuring_) {
    rounds_ = idle_rounds_ = 0;
    measuring_ = now >= plan_.begin;
    measured_from_ = now;
    cpu_before_ = now_ns(CLOCK_THREAD_CPUTIME_ID);
  }
  next_books_ = now + kLongestSleep;
  if (!measuring_) next_books_ = std::min(next_books_, plan_.begin);

  const auto& counts = outstanding_.counts();
  const auto unanswered = outstanding_.unanswered() + counts.lost;
  const auto awaited = std::min<std::uint64_t>(unanswered, outstanding_.in_flight());
  snapshot_.missing.store(unanswered - awaited, std::memory_order_relaxed);
}

double Worker::busy_share() const {
  return rounds_ == 0 ? 0 : 1 - static_cast<double>(idle_rounds_) / static_cast<double>(rounds_);
}

Counts Worker::counts() const {
  Counts counts = outstanding_.counts();
  counts += noticed_;
  return counts;
}

}  // namespace kudp
