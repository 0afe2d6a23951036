// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "loadgen/send/flow.hpp"

namespace kudp {

// Why the kernel took nothing of a burst.
enum class SendError : std::uint8_t {
  none,
  interrupted,  // by a signal
  no_room,
  refused,      // by the target: an ICMP message to an earlier request says so
  unreachable,  // by somebody on the way, who may do so until there is a route
};

constexpr bool is_refused(SendError error) {
  return error == SendError::refused || error == SendError::unreachable;
}

struct Sent {
  std::size_t requests;  // of the burst, the first ones
  SendError error;       // where there are none
};

// Sends requests by one of the ways that the kernel has, in bursts: each goes out on one flow, the
// next on the next.
class Sender {
 public:
  explicit Sender(std::vector<Flow> flows) : flows_(std::move(flows)), turn_(flows_.size() - 1) {}
  virtual ~Sender() = default;
  Sender(const Sender&) = delete;  // who sends knows where the flows are

  // Sends a burst of `count` requests, 1 to as many as there is room for, numbered from `first`.
  // Throws std::system_error where the kernel would refuse the same again.
  Sent send(std::size_t count, std::uint64_t first);

  // Waits until there is room for what the last send() had none for, for 10 ms at most.
  void wait_for_room() const;

  const std::vector<Flow>& flows() const { return flows_; }

  // Since it was made: how often the kernel had room for a part of a burst only, or for none; how
  // often for none; and how often the target or somebody on the way refused what these flows sent.
  std::uint64_t short_sends() const { return short_sends_; }
  std::uint64_t no_room() const { return no_room_; }
  std::uint64_t refusals() const { return refusals_; }

 protected:
  // Counts the failure of a send, and says what it is. Throws std::system_error where it is none
  // that passes, or is `hopeless`.
  SendError note_error(int error, bool hopeless);
  void note_refusal() { ++refusals_; }

  std::vector<Flow> flows_;

 private:
  // Sends a burst by a flow, by its place among them; returns how many requests the kernel took, or
  // -1 with errno.
  virtual int put(std::size_t flow, std::size_t count, std::uint64_t first) = 0;

  // The socket that the requests of a flow leave by.
  virtual int socket_of(std::size_t flow) const { return flows_[flow].socket.get(); }

  std::size_t turn_;          // the flow of the last burst
  std::size_t too_long_ = 0;  // sends in a row that failed for their size
  std::uint64_t short_sends_ = 0;
  std::uint64_t no_room_ = 0;
  std::uint64_t refusals_ = 0;
};

}  // namespace kudp
