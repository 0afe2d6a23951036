// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/outstanding.hpp"

#include <algorithm>
#include <bit>

namespace kudp {

Outstanding::Outstanding(std::size_t capacity, std::int64_t timeout, bool scheduled)
    : ring_(std::bit_ceil(capacity)),
      scheduled_(scheduled),
      delays_(scheduled ? ring_.size() : 0),
      mask_(ring_.size() - 1),
      timeout_(timeout) {}

// Requests are in the ring in the order of their intended times, so the walk stops at the first one
// that is young enough and never looks at a request twice.
void Outstanding::expire(std::int64_t now) {
  auto sequence = std::max(oldest_, next_ - std::min<std::uint64_t>(next_, ring_.size()));
  if (in_flight_ == 0) sequence = next_;
  for (; sequence < next_; ++sequence) {
    Entry& entry = at(sequence);
    if (!(entry & kInFlight)) continue;
    if (now - intended(entry) <= timeout_) break;
    entry ^= kUnanswered;
    --in_flight_;
  }
  oldest_ = sequence;
}

void Outstanding::finish() {
  counts_.lost += unanswered();
  in_flight_ = 0;
}

void Outstanding::forget(Entry& entry) {
  counts_.lost += (entry & kCounted) != 0;
  in_flight_ -= entry & kInFlight;
  entry = 0;
}

Outstanding::Kind Outstanding::unusual_reply(std::uint64_t sequence, std::int64_t now,
                                             std::uint64_t& newest) {
  if (sequence >= next_) return Kind::unsent;
  Entry& entry = at(sequence);
  const Entry request = entry;
  const bool counted = request & kCounted;
  if (!(request & kUnanswered)) {
    counts_.duplicate += counted;
    return Kind::duplicate;
  }
  entry = request & ~kUnanswered;
  in_flight_ -= request & kInFlight;
  const bool overtaken = sequence < newest;
  if (!overtaken) newest = sequence;
  const std::int64_t latency = now - intended(request);
  const bool late = latency > timeout_;
  if (counted) {
    ++(late ? counts_.late : counts_.answered);
    counts_.reordered += overtaken;
    record(sequence, latency);
  }
  return late ? Kind::late : Kind::answered;
}

Outstanding::Kind Outstanding::not_remembered(std::uint64_t sequence) {
  if (sequence >= next_) return Kind::unsent;
  ++counts_.stale;
  return Kind::stale;
}

}  // namespace kudp
