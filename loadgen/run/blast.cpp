// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/blast.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "loadgen/base/cpus.hpp"
#include "loadgen/run/host_state.hpp"
#include "loadgen/send/flow.hpp"
#include "loadgen/send/outbox.hpp"
#include "loadgen/send/packet_backend.hpp"

namespace kudp {
namespace {

constexpr std::int64_t kStartDelay = 2 * kMillisecond;
constexpr std::int64_t kLook = 50 * kMillisecond;
constexpr int kRoomMs = 10;

struct Times {
  std::int64_t start = 0;
  std::int64_t begin = 0;
  std::atomic<std::int64_t> end = 0;
};

// One thread's share. A burst goes out on one flow, the next on the next.
class Blaster {
 public:
  Blaster(const Times& times, const Payload& payload, std::vector<Flow> flows,
          const RunOptions& options)
      : times_(times),
        flows_(std::move(flows)),
        outbox_(payload, options.batch, options.gso),
        batch_(options.batch) {
    if (options.backend == Backend::packet)
      frames_.emplace(payload, options.batch, options.target, flows_);
  }

  void run() {
    const auto start = to_timespec(times_.start);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, nullptr);
    std::size_t turn = 0;
    for (;;) {
      const auto now = now_ns();
      if (now >= times_.end.load(std::memory_order_relaxed)) return;
      const int taken = frames_ ? send_frames(turn) : send_datagrams(turn);
      if (taken < 0) {
        send_failed(frames_ ? frames_->socket() : flows_[turn].socket.get(), errno);
        continue;
      }
      too_long_ = 0;
      short_sends_ += static_cast<std::size_t>(taken) < batch_;
      turn = turn + 1 == flows_.size() ? 0 : turn + 1;
      sequence_ += static_cast<std::uint64_t>(taken);
      if (now >= times_.begin) result_.sent += static_cast<std::uint64_t>(taken);
    }
  }

  bool done() const { return done_.load(std::memory_order_acquire); }
  void set_done() { done_.store(true, std::memory_order_release); }
  const BlastResult& result() const { return result_; }
  std::uint64_t short_sends() const { return short_sends_; }

 private:
  int send_datagrams(std::size_t turn) {
    const Flow& flow = flows_[turn];
    outbox_.stamp(batch_, flow.id, sequence_);
    return outbox_.send(flow.socket.get(), batch_);
  }

  // The target refuses what it cannot tell from the flow's own datagrams, and the flow knows.
  int send_frames(std::size_t turn) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(flows_[turn].socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    result_.refused += is_refusal(error);
    frames_->stamp(batch_, turn, sequence_);
    return frames_->send(batch_);
  }

  void send_failed(int socket, int error) {
    if (is_refusal(error) && (error != EMSGSIZE || ++too_long_ <= flows_.size())) {
      ++result_.refused;
      return;
    }
    switch (error) {
      case EAGAIN:
      case ENOBUFS: {
        ++result_.no_room;
        pollfd writable{socket, POLLOUT, 0};
        poll(&writable, 1, kRoomMs);
        return;
      }
      case EINTR:
        return;
      default:
        throw std::system_error(error, std::generic_category(), "send");
    }
  }

  const Times& times_;
  std::vector<Flow> flows_;
  Outbox outbox_;
  std::optional<PacketOutbox> frames_;
  std::size_t batch_;
  std::uint64_t sequence_ = 0;
  std::uint64_t short_sends_ = 0;
  std::size_t too_long_ = 0;  // sends in a row that failed for their size
  BlastResult result_;
  std::atomic<bool> done_ = false;
};

}  // namespace

BlastResult blast(const RunOptions& options, Interrupt& interrupt) {
  check(options);
  const Payload payload(options.size, 0);
  Times times;
  std::vector<std::unique_ptr<Blaster>> blasters;
  auto flows = open_flows(options.target, options.flows, flow_options(options));
  for (std::size_t i = 0; i < options.threads; ++i)
    blasters.push_back(
        std::make_unique<Blaster>(times, payload, share_of(flows, i, options.threads), options));

  const HostState before = read_host_state();
  times.start = now_ns() + kStartDelay;
  times.begin = times.start + options.warmup;
  times.end = times.begin + options.duration;
  std::vector<std::exception_ptr> errors(options.threads);
  BlastResult total;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < options.threads; ++i)
      threads.emplace_back([&, i] {
        try {
          if (!options.cpus.empty()) pin_to(options.cpus[i % options.cpus.size()]);
          blasters[i]->run();
        } catch (...) {
          errors[i] = std::current_exception();
          times.end = 0;
        }
        blasters[i]->set_done();
      });
    while (!std::ranges::all_of(blasters, [](const auto& one) { return one->done(); }))
      if (const int signal =
              interrupt.wait(std::clamp<std::int64_t>(times.end - now_ns(), kMillisecond, kLook))) {
        total.signal = signal;
        times.end = now_ns();
      }
  }
  for (const auto& error : errors)
    if (error) std::rethrow_exception(error);
  total.measured = std::max<std::int64_t>(times.end - times.begin, 0);
  const HostState after = read_host_state();
  std::uint64_t short_sends = 0;
  for (const auto& one : blasters) {
    total.sent += one->result().sent;
    total.refused += one->result().refused;
    total.no_room += one->result().no_room;
    short_sends += one->short_sends();
  }
  total.send_drops = send_drops(before, after, short_sends + total.no_room);
  return total;
}

}  // namespace kudp
