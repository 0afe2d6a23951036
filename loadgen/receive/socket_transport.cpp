// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/receive/socket_transport.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "loadgen/base/fail.hpp"

namespace kudp {
namespace {

constexpr std::size_t kMostEvents = 256;
// Slots of 64 KiB each, which hold up to 64 replies.
constexpr std::size_t kMostSuperPackets = 64;
constexpr int kMostRounds = 4;

epoll_event event_of(Flow& flow) {
  return {.events = EPOLLIN | EPOLLET, .data = {.ptr = &flow}};
}

Fd watch(std::vector<Flow>& flows) {
  Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (epoll.get() < 0) fail("epoll_create1");
  for (Flow& flow : flows) {
    auto event = event_of(flow);
    if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, flow.socket.get(), &event)) fail("epoll_ctl");
  }
  return epoll;
}

}  // namespace

SocketTransport::SocketTransport(std::vector<Flow> flows, const Payload& payload,
                                 const Options& options, Ledger& ledger)
    : Transport(std::move(flows), ledger),
      requests_(payload, options.burst, options.gso, options.timestamps),
      // One slot more than a batch shows that a whole batch was all there was, without another
      // call.
      received_((options.gro ? std::min(options.batch, kMostSuperPackets) : options.batch) + 1,
                payload.size(), {.gro = options.gro, .timestamps = options.timestamps}),
      departures_(payload),
      timestamps_(options.timestamps),
      epoll_(watch(flows_)),
      events_(std::min(flows_.size(), kMostEvents)) {}

int SocketTransport::put(std::size_t flow, std::size_t count, std::uint64_t first) {
  return requests_.send(flows_[flow], count, first);
}

bool SocketTransport::receive(std::int64_t now, std::int64_t until) {
  const int ready = wait(now, until);
  for (int i = 0; i < ready; ++i) {
    auto& flow = *static_cast<Flow*>(events_[i].data.ptr);
    if (timestamps_ && (events_[i].events & EPOLLERR)) take_departures(flow);
    take_replies(flow);
  }
  return ready > 0;
}

int SocketTransport::wait(std::int64_t now, std::int64_t until) {
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
  if (ready < 0 && errno != EINTR) fail("epoll_pwait2");
  return std::max(ready, 0);
}

void SocketTransport::take_departures(const Flow& flow) {
  while (const auto departure = departures_.next(flow.socket.get(), flow.id))
    ledger_.left(*departure);
}

// Reads until the socket runs short, or for a few rounds: no reply may keep the requests waiting.
void SocketTransport::take_replies(Flow& flow) {
  for (int round = 0; round < kMostRounds; ++round) {
    const int messages = received_.receive(flow.socket.get());
    if (messages < 0) {
      if (errno == EAGAIN) return;
      if (!is_refusal(errno)) fail("receive");
      receive_refused();
      continue;
    }
    const auto count = static_cast<std::size_t>(messages);
    take_batch(flow, count);
    if (count < received_.count()) return;
  }
  read_again(flow);
}

// Not inlined: the loop in it has no registers to spare.
[[gnu::noinline]] void SocketTransport::take_batch(Flow& flow, std::size_t count) {
  ledger_.take([&](auto&& take) __attribute__((always_inline)) {
    return received_.for_each(
        count, [&](const std::byte* data, std::size_t length, Timestamp arrived)
                   __attribute__((always_inline)) { take(flow, data, length, arrived); });
  });
}

// Has epoll report the flow once more for what is left in it.
void SocketTransport::read_again(Flow& flow) {
  auto event = event_of(flow);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, flow.socket.get(), &event)) fail("epoll_ctl");
}

}  // namespace kudp
