// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/send/ring_backend.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <system_error>

#include "loadgen/base/clock.hpp"

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

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

}  // namespace

RingBackend::RingBackend(const std::vector<Flow>& flows, std::size_t burst, std::size_t size)
    : ring_(static_cast<unsigned>(std::bit_ceil(burst)), 4 * buffer_count(burst),
            sockets_of(flows)),
      stride_(stride_of(size)),
      memory_(buffer_count(burst) * stride_),
      buffers_(ring_, memory_.data(), buffer_count(burst), stride_, size + 1) {
  again_.reserve(burst);
  ended_.reserve(flows.size());
  for (std::size_t i = 0; i < flows.size(); ++i) arm_receive(i);
}

void RingBackend::queue(std::size_t flow, const Outbox& requests, std::size_t count) {
  sending_flow_ = flow;
  sending_ = &requests;
  tries_ = 0;
  for (std::size_t i = 0; i < count; ++i) prepare_send(i);
}

void RingBackend::enter(std::int64_t timeout, bool again) {
  if (again && unsent()) {
    for (const auto index : again_) prepare_send(index);
    again_.clear();
    ++tries_;
  }
  blocked_ = false;
  for (const auto flow : ended_) arm_receive(flow);
  ended_.clear();
  int status;
  if (timeout <= 0) {
    status = io_uring_submit_and_get_events(ring_.get());
  } else {
    __kernel_timespec time{timeout / kSecond, timeout % kSecond};
    io_uring_cqe* first;
    status = io_uring_submit_and_wait_timeout(ring_.get(), &first, 1, &time, nullptr);
  }
  if (status < 0 && status != -ETIME && status != -EINTR) fail(-status, "io_uring_enter");
}

// A send that would have to wait fails instead, so that the submission has dealt with all; success
// needs no completion.
void RingBackend::prepare_send(std::size_t index) {
  const auto request = sending_->request(index);
  io_uring_sqe* const entry = ring_.entry();
  io_uring_prep_send(entry, static_cast<int>(sending_flow_), request.data(), request.size(),
                     MSG_DONTWAIT);
  entry->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(entry, kSend | index);
}

void RingBackend::arm_receive(std::size_t flow) {
  io_uring_sqe* const entry = ring_.entry();
  io_uring_prep_recv_multishot(entry, static_cast<int>(flow), nullptr, 0, 0);
  entry->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  entry->buf_group = ProvidedBuffers::kGroup;
  io_uring_sqe_set_data64(entry, flow);
}

void RingBackend::send_failed(std::size_t index, int error) {
  const bool refused = is_refusal(error) && (error != EMSGSIZE || tries_ < kMostTries);
  if (!refused && error != EAGAIN && error != ENOBUFS) fail(error, "send");
  short_sends_ += !refused;
  blocked_ |= error != ECONNREFUSED;
  again_.push_back(index);
}

// It does so where buffers run out, at an error, and at an empty datagram.
void RingBackend::receive_ended(std::size_t flow, int result) {
  if (result < 0 && result != -ENOBUFS && !is_refusal(-result)) fail(-result, "receive");
  ended_.push_back(flow);
}

}  // namespace kudp
