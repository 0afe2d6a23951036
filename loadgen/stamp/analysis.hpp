// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/stamp/packet.hpp"

namespace kudp {

// What a session did, before anything is made of it.
struct StampSession {
  std::uint64_t sent = 0;                // with the sequence numbers from 0
  std::vector<StampReply> replies = {};  // the first to each request, in the order they came
  std::uint64_t duplicate = 0;           // further replies to a request
  std::uint64_t corrupt = 0;             // no reply to any request that was sent
  std::uint16_t error = 0;               // the error estimate of the sender's own clock
  int refusal = 0;                       // errno: why a packet did not go or was not taken
  int signal = 0;                        // that ended it early
};

// One delay over a session, nanoseconds. One-way delays hold the offset between the clocks and may
// be negative; variations do not, as long as the offset stays.
struct StampDelay {
  std::int64_t min = 0, p50 = 0, p99 = 0, max = 0;  // of rank ceil(n * percent / 100)
  std::int64_t pdv_p99 = 0;  // of the differences to the smallest, RFC 5481 section 4.2
  double ipdv_mean = 0;      // mean size of the difference to the packet before, RFC 3393
};

// On which way packets were lost. Nothing where the reflector's count cannot tell.
struct StampLoss {
  std::uint64_t lost = 0;                     // on either
  std::optional<std::uint64_t> forward = {};  // to the reflector
  std::optional<std::uint64_t> back = {};     // from it
  std::optional<std::uint64_t> last = {};     // after the last reply, on a way that nothing tells
  std::string unknown = {};                   // why it cannot be told
};

struct StampReordering {
  std::uint64_t round_trip = 0;  // replies to a request older than one answered, RFC 4737
  std::optional<std::uint64_t> forward = {}, back = {};
};

// What the clocks allow to be said of one-way delays.
struct StampClocks {
  std::optional<double> sender_error = {};     // ns; nothing: not synchronized
  std::optional<double> reflector_error = {};  // the largest it said
  // The reflector's clock is ahead by something between these, since no packet arrives before it
  // leaves: -min(back) and min(forward), ns.
  std::int64_t offset_low = 0, offset_high = 0;
  bool one_way = false;  // forward and back are what they seem, to the errors
  std::string claim = {};
};

struct StampAnalysis {
  bool counts = false;         // the reflector is stateful
  StampDelay round_trip = {};  // without the time that the reflector held the packet
  StampDelay forward = {}, back = {}, held = {};
  StampLoss loss = {};
  StampReordering reordering = {};
  StampClocks clocks = {};
};

// Of a session with at least one reply. `stateful`: somebody knows that the reflector counts, which
// its numbers do not show while no packet is lost on the way there.
StampAnalysis analyse(const StampSession& session, bool stateful);

}  // namespace kudp
