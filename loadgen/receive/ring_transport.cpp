// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/receive/ring_transport.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "loadgen/base/fail.hpp"

namespace kudp {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr unsigned kFewestBuffers = 256;
// What is too long for a router is shorter at the next try; for our own device it stays too long.
constexpr unsigned kMostTries = 4;

unsigned buffer_count(std::size_t burst) {
  return std::max(kFewestBuffers, static_cast<unsigned>(std::bit_ceil(2 * burst)));
}

std::size_t stride_of(std::size_t size) {
  return (size + 1 + kCacheLine - 1) / kCacheLine * kCacheLine;
}

std::vector<int> sockets_of(const std::vector<Flow>& flows) {
  std::vector<int> sockets;
  for (const Flow& flow : flows) sockets.push_back(flow.socket.get());
  return sockets;
}

}  // namespace

RingTransport::Kernel::Kernel(const std::vector<Flow>& flows, std::size_t burst, std::size_t size)
    : ring(static_cast<unsigned>(std::bit_ceil(burst)), 4 * buffer_count(burst), sockets_of(flows)),
      stride(stride_of(size)),
      memory(buffer_count(burst) * stride),
      buffers(ring, memory.data(), buffer_count(burst), stride, size + 1) {}

RingTransport::RingTransport(std::vector<Flow> flows, const Payload& payload, std::size_t burst,
                             Ledger& ledger)
    : Transport(std::move(flows), ledger),
      requests_(payload, burst, 1),
      burst_(burst),
      size_(payload.size()) {
  again_.reserve(burst);
  ended_.reserve(flows_.size());
}

void RingTransport::start() {
  kernel_.emplace(flows_, burst_, size_);
  for (std::size_t i = 0; i < flows_.size(); ++i) arm_receive(i);
}

// The requests stay as they are until the kernel has them all.
int RingTransport::put(std::size_t flow, std::size_t count, std::uint64_t first) {
  requests_.stamp(count, flows_[flow].id, first);
  sending_flow_ = flow;
  tries_ = 0;
  for (std::size_t i = 0; i < count; ++i) prepare_send(i);
  return static_cast<int>(count);
}

bool RingTransport::receive(std::int64_t now, std::int64_t until) {
  const auto gap = until - now;
  enter(now, gap < kShortestSleep ? 0 : gap);
  const auto datagrams =
      ledger_.take([this](auto&& take) __attribute__((always_inline)) { return for_each(take); });
  if (blocked_) retry_at_ = now_ns() + kBlockedPause;
  return datagrams > 0;
}

std::optional<std::int64_t> RingTransport::retry_at() const {
  return again_.empty() ? std::nullopt : std::optional(retry_at_);
}

// Sends what is queued, and waits until something comes or `timeout` nanoseconds are over.
void RingTransport::enter(std::int64_t now, std::int64_t timeout) {
  if (!again_.empty() && now >= retry_at_) {
    for (const auto index : again_) prepare_send(index);
    again_.clear();
    ++tries_;
  }
  blocked_ = false;
  for (const auto flow : ended_) arm_receive(flow);
  ended_.clear();
  io_uring* const ring = kernel_->ring.get();
  int status;
  if (timeout <= 0) {
    status = io_uring_submit_and_get_events(ring);
  } else {
    __kernel_timespec time{timeout / kSecond, timeout % kSecond};
    io_uring_cqe* first;
    status = io_uring_submit_and_wait_timeout(ring, &first, 1, &time, nullptr);
  }
  if (status < 0 && status != -ETIME && status != -EINTR) fail("io_uring_enter", -status);
}

// Calls take(flow, data, length, arrived) for each datagram that has come; returns their number.
template <class Take>
std::size_t RingTransport::for_each(Take&& take) {
  io_uring* const ring = kernel_->ring.get();
  ProvidedBuffers& buffers = kernel_->buffers;
  std::size_t datagrams = 0;
  unsigned head = 0, completions = 0;
  io_uring_cqe* entry = nullptr;
  io_uring_for_each_cqe(ring, head, entry) {
    ++completions;
    const auto index = static_cast<std::size_t>(entry->user_data & ~kSend);
    if (entry->user_data & kSend) {
      send_failed(index, -entry->res);
      continue;
    }
    // An empty datagram needs no buffer, and comes without one.
    const bool in_buffer = entry->flags & IORING_CQE_F_BUFFER;
    if (in_buffer || entry->res == 0) {
      const unsigned buffer = in_buffer ? entry->flags >> IORING_CQE_BUFFER_SHIFT : 0;
      take(flows_[index], reinterpret_cast<const std::byte*>(buffers[buffer]),
           static_cast<std::size_t>(entry->res), Timestamp{});
      if (in_buffer) buffers.give(buffer);
      ++datagrams;
    }
    if (!(entry->flags & IORING_CQE_F_MORE)) receive_ended(index, entry->res);
  }
  io_uring_cq_advance(ring, completions);
  buffers.publish();
  return datagrams;
}

// A send that would have to wait fails instead, so that the submission has dealt with all; success
// needs no completion.
void RingTransport::prepare_send(std::size_t index) {
  const auto request = requests_.request(index);
  io_uring_sqe* const entry = kernel_->ring.entry();
  io_uring_prep_send(entry, static_cast<int>(sending_flow_), request.data(), request.size(),
                     MSG_DONTWAIT);
  entry->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(entry, kSend | index);
}

void RingTransport::arm_receive(std::size_t flow) {
  io_uring_sqe* const entry = kernel_->ring.entry();
  io_uring_prep_recv_multishot(entry, static_cast<int>(flow), nullptr, 0, 0);
  entry->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  entry->buf_group = ProvidedBuffers::kGroup;
  io_uring_sqe_set_data64(entry, flow);
}

void RingTransport::send_failed(std::size_t index, int error) {
  const auto kind = note_error(error, error == EMSGSIZE && tries_ >= kMostTries);
  if (is_refused(kind)) ledger_.refused();
  blocked_ |= kind != SendError::refused;
  again_.push_back(index);
}

// It does so where buffers run out, at an error, and at an empty datagram.
void RingTransport::receive_ended(std::size_t flow, int result) {
  if (is_refusal(-result))
    receive_refused();
  else if (result < 0 && result != -ENOBUFS)
    fail("receive", -result);
  ended_.push_back(flow);
}

}  // namespace kudp
