// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/receive/departures.hpp"

#include <sys/socket.h>

namespace kudp {
namespace {

// More than link, IP and UDP headers can have.
constexpr std::size_t kHeaders = 256;

}  // namespace

Departures::Departures(const Payload& payload)
    : payload_(payload), frame_(payload.size() + kHeaders) {}

std::optional<Departures::Departure> Departures::next(int socket, std::uint32_t flow) {
  const auto size = payload_.size();
  for (;;) {
    const auto bytes = message_.receive(socket, frame_, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (bytes < 0) return std::nullopt;
    const auto length = static_cast<std::size_t>(bytes);
    if (length < size || message_.truncated()) continue;
    const auto found = payload_.match(&frame_[length - size], size, flow);
    if (found.match != Payload::Match::ours) continue;
    const auto times = message_.control<TimestampingValue>(SOL_SOCKET, SO_TIMESTAMPING);
    return Departure{found.sequence, times ? timestamp_of(*times, stamps_ahead()) : Timestamp{}};
  }
}

}  // namespace kudp
