// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "loadgen/base/ring.hpp"
#include "loadgen/send/flow.hpp"
#include "loadgen/send/outbox.hpp"

namespace kudp {

// Sends and receives by io_uring: one system call a round sends a burst and takes what has come on
// all flows. Of the thread that makes it. Throws std::system_error.
class RingBackend {
 public:
  // Bursts of up to `burst` requests; replies of `size` bytes, of a longer one `size` + 1 are seen.
  RingBackend(const std::vector<Flow>& flows, std::size_t burst, std::size_t size);

  // Has the next enter() send the first `count` requests, which must stay as they are until
  // then, and for as long as unsent().
  void queue(std::size_t flow, const Outbox& requests, std::size_t count);

  // The kernel did not take some of them; an enter() with `again` tries again.
  bool unsent() const { return !again_.empty(); }

  // Nor would it at once, the last for_each() saw: it has no room, or there is no way to the
  // target.
  bool blocked() const { return blocked_; }

  // Sends that the kernel had no room for.
  std::uint64_t short_sends() const { return short_sends_; }

  // Sends what is queued, and waits until something comes or `timeout` nanoseconds are over.
  void enter(std::int64_t timeout, bool again);

  // Calls take(flow, data, length) for each datagram that has come, refused() each time that the
  // target refused one. Returns the number of datagrams.
  template <class Take, class Refused>
  std::size_t for_each(Take&& take, Refused&& refused) {
    std::size_t datagrams = 0;
    unsigned head = 0, completions = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(ring_.get(), head, entry) {
      ++completions;
      const auto index = static_cast<std::size_t>(entry->user_data & ~kSend);
      if (is_refusal(-entry->res)) refused();
      if (entry->user_data & kSend) {
        send_failed(index, -entry->res);
        continue;
      }
      if (entry->flags & IORING_CQE_F_BUFFER) {
        const unsigned buffer = entry->flags >> IORING_CQE_BUFFER_SHIFT;
        take(index, reinterpret_cast<const std::byte*>(buffers_[buffer]),
             static_cast<std::size_t>(entry->res));
        buffers_.give(buffer);
        ++datagrams;
      } else if (entry->res == 0) {  // an empty datagram needs no buffer
        take(index, static_cast<const std::byte*>(nullptr), std::size_t{0});
        ++datagrams;
      }
      if (!(entry->flags & IORING_CQE_F_MORE)) receive_ended(index, entry->res);
    }
    io_uring_cq_advance(ring_.get(), completions);
    buffers_.publish();
    return datagrams;
  }

 private:
  // In the user data of a send, with its place in the burst; a receive has its flow's.
  static constexpr std::uint64_t kSend = std::uint64_t{1} << 63;

  void prepare_send(std::size_t index);
  void arm_receive(std::size_t flow);
  void send_failed(std::size_t index, int error);
  void receive_ended(std::size_t flow, int result);

  Ring ring_;
  std::size_t stride_;
  std::vector<char> memory_;
  ProvidedBuffers buffers_;
  std::size_t sending_flow_ = 0;
  std::uint64_t short_sends_ = 0;
  const Outbox* sending_ = nullptr;
  std::vector<std::size_t> again_;  // places in the burst
  unsigned tries_ = 0;              // to send the rest of it
  bool blocked_ = false;
  std::vector<std::size_t> ended_;  // flows whose receive has to be armed again
};

}  // namespace kudp
