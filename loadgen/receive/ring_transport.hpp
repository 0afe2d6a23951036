// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/base/ring.hpp"
#include "loadgen/receive/transport.hpp"
#include "loadgen/send/outbox.hpp"

namespace kudp {

// By io_uring: one system call a round sends a burst and takes what has come on all flows.
class RingTransport final : public Transport {
 public:
  // Bursts of up to `burst` requests. Of a reply that is longer than a request, one byte more than
  // that is seen.
  RingTransport(std::vector<Flow> flows, const Payload& payload, std::size_t burst, Ledger& ledger);

  void start() override;
  bool receive(std::int64_t now, std::int64_t until) override;
  std::optional<std::int64_t> retry_at() const override;

 private:
  // In the user data of a send, with its place in the burst; a receive has its flow's.
  static constexpr std::uint64_t kSend = std::uint64_t{1} << 63;

  int put(std::size_t flow, std::size_t count, std::uint64_t first) override;
  void enter(std::int64_t now, std::int64_t timeout);
  template <class Take>
  std::size_t for_each(Take&& take);
  void prepare_send(std::size_t index);
  void arm_receive(std::size_t flow);
  void send_failed(std::size_t index, int error);
  void receive_ended(std::size_t flow, int result);

  // The thread's, made by start(). Registered buffers come after the ring, and go before it.
  struct Kernel {
    Kernel(const std::vector<Flow>& flows, std::size_t burst, std::size_t size);

    Ring ring;
    std::size_t stride;
    std::vector<char> memory;
    ProvidedBuffers buffers;
  };

  Outbox requests_;
  std::size_t burst_;
  std::size_t size_;
  std::optional<Kernel> kernel_;
  std::size_t sending_flow_ = 0;
  std::vector<std::size_t> again_;  // places in the burst that the kernel did not take
  unsigned tries_ = 0;              // to send the rest of it
  bool blocked_ = false;            // nor would it at once: no room, or no way to the target
  std::int64_t retry_at_ = 0;
  std::vector<std::size_t> ended_;  // flows whose receive has to be armed again
};

}  // namespace kudp
