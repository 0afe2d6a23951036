// SPDX-License-Identifier: GPL-2.0-only
//
// The strong server on io_uring: one receive that stays armed and takes its buffers from a ring
// shared with the kernel; one system call sends the replies to a batch and waits for the next.
#include <poll.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <vector>

#include "bench/baseline/buffers.hpp"
#include "bench/baseline/engine.hpp"
#include "bench/baseline/segments.hpp"
#include "loadgen/base/ring.hpp"

namespace kudp::baseline {
namespace {

constexpr unsigned kEntries = 256;
constexpr int kFile = 0;  // the socket among the ring's registered files

// What a completion is of. Less than that, it is a send's place in its batch.
enum Tag : std::uint64_t { kReceive = 1ull << 32, kStop };

// The kernel puts the source after its own header and the control messages after the source, at
// multiples of their alignment only if this is one.
constexpr std::size_t kSourceRoom = (sizeof(Source) + 7) / 8 * 8;
constexpr std::size_t kHeaderRoom = sizeof(io_uring_recvmsg_out) + kSourceRoom + sizeof(Control);
static_assert(kMaxDatagram + kHeaderRoom <= Buffers::kStride);

class IoUringEngine final : public Engine {
 public:
  // Twice a batch of buffers: while one is being answered, the next may arrive.
  explicit IoUringEngine(const Service& service)
      : service_(service),
        ring_(kEntries, 2 * std::max(kEntries, buffer_count(service.batch)),
              std::span(&service.socket, 1)),
        memory_(buffer_count(service.batch)),
        buffers_(ring_, memory_[0], buffer_count(service.batch), Buffers::kStride,
                 Buffers::kStride),
        replies_(service.reply, service.own_port, service.segments, service.counters) {
    if (service.segments) receive_segments(service.socket);
    received_.reserve(buffers_.count());
    answering_.reserve(buffers_.count());
    layout_.msg_namelen = kSourceRoom;
    if (service.segments || service.wildcard) layout_.msg_controllen = sizeof(Control);
  }

  void run() override {
    watch_stop();
    arm_receive();
    for (;;) {
      const int status = io_uring_submit_and_wait(ring_.get(), 1);
      collect();
      recycle();
      if (service_.stopped()) return disarm();
      if (status < 0 && status != -EINTR) service_.counters.receive_errors.add(1);
      answer();
      if (!armed_) rearm();
    }
  }

 private:
  struct Received {
    unsigned buffer;
    int length;
  };

  static unsigned buffer_count(unsigned batch) { return std::bit_ceil(2 * batch); }

  void watch_stop() {
    io_uring_sqe* const entry = ring_.entry();
    io_uring_prep_poll_add(entry, service_.stop_event, POLLIN);
    io_uring_sqe_set_data64(entry, kStop);
  }

  void arm_receive() {
    io_uring_sqe* const entry = ring_.entry();
    io_uring_prep_recvmsg_multishot(entry, kFile, &layout_, 0);
    entry->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    entry->buf_group = ProvidedBuffers::kGroup;
    io_uring_sqe_set_data64(entry, kReceive);
    armed_ = true;
  }

  // A ring that ends with requests in it is taken down by the kernel in the background, and would
  // hold the port for a while.
  void disarm() {
    io_uring_sqe* const entry = ring_.entry();
    io_uring_prep_cancel64(entry, kReceive, IORING_ASYNC_CANCEL_ALL);
    io_uring_sqe_set_data64(entry, kStop);
    for (int i = 0; i < 4 && armed_; ++i) {
      io_uring_submit_and_wait(ring_.get(), 1);
      collect();
      received_.clear();
    }
  }

  // The receive ends where buffers run out: all have to be back before the next begins.
  void rearm() {
    io_uring_submit(ring_.get());
    collect();
    recycle();
    arm_receive();
  }

  // Takes what has completed off the ring.
  void collect() {
    unsigned head = 0, count = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(ring_.get(), head, entry) {
      ++count;
      if (entry->user_data == kReceive) {
        take(*entry);
      } else if (entry->user_data < kReceive) {
        // Only failed sends complete visibly. Its buffers are still there to try again from.
        replies_.failed(entry->user_data, -entry->res, service_.socket);
      }
    }
    io_uring_cq_advance(ring_.get(), count);
  }

  void take(const io_uring_cqe& entry) {
    if (!(entry.flags & IORING_CQE_F_MORE)) armed_ = false;
    if (entry.flags & IORING_CQE_F_BUFFER)
      received_.push_back({entry.flags >> IORING_CQE_BUFFER_SHIFT, entry.res});
    else if (entry.res == -ENOBUFS)
      service_.counters.rearmed.add(1);
    else if (entry.res < 0 && !service_.stopped())
      service_.counters.receive_errors.add(1);
  }

  // What was submitted has been sent.
  void recycle() {
    replies_.sent();
    replies_.clear();
    for (const unsigned buffer : answering_) buffers_.give(buffer);
    buffers_.publish();
    answering_.clear();
  }

  void answer() {
    for (const auto [buffer, length] : received_) {
      add(buffers_[buffer], length);
      answering_.push_back(buffer);
    }
    received_.clear();
    std::uint64_t index = 0;
    for (const mmsghdr& message : replies_.seal()) send(message.msg_hdr, index++);
  }

  void add(char* buffer, int length) {
    io_uring_recvmsg_out* const out = io_uring_recvmsg_validate(buffer, length, &layout_);
    if (!out) return service_.counters.receive_errors.add(1);
    const std::size_t bytes = io_uring_recvmsg_payload_length(out, length, &layout_);
    Request request{static_cast<Source*>(io_uring_recvmsg_name(out)),
                    out->namelen,
                    static_cast<char*>(io_uring_recvmsg_payload(out, &layout_)),
                    bytes,
                    bytes,
                    nullptr};
    if (out->controllen) {
      msghdr control{};
      control.msg_control = io_uring_recvmsg_cmsg_firsthdr(out, &layout_);
      control.msg_controllen = out->controllen;
      request.read_control(control);
    }
    replies_.add(request);
  }

  // Success needs no completion: a send that would have to wait fails instead, so that submission
  // has dealt with all, and their memory is free again. A plain one needs no msghdr, which the
  // kernel would copy in and check (since Linux 6.1).
  void send(const msghdr& message, std::uint64_t index) {
    io_uring_sqe* const entry = ring_.entry();
    if (message.msg_iovlen == 1 && message.msg_controllen == 0) {
      io_uring_prep_send(entry, kFile, message.msg_iov->iov_base, message.msg_iov->iov_len,
                         MSG_DONTWAIT);
      io_uring_prep_send_set_addr(entry, static_cast<const sockaddr*>(message.msg_name),
                                  static_cast<__u16>(message.msg_namelen));
    } else {
      io_uring_prep_sendmsg(entry, kFile, &message, MSG_DONTWAIT);
    }
    entry->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(entry, index);
  }

  const Service service_;
  Ring ring_;
  const Buffers memory_;
  ProvidedBuffers buffers_;
  Replies replies_;
  msghdr layout_{};  // of what is received
  bool armed_ = false;
  std::vector<Received> received_;
  std::vector<unsigned> answering_;  // buffers that replies_ refers to
};

}  // namespace

std::unique_ptr<Engine> make_io_uring_engine(const Service& service) {
  return std::make_unique<IoUringEngine>(service);
}

}  // namespace kudp::baseline
