// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "loadgen/counts.hpp"
#include "loadgen/histogram.hpp"

namespace kudp {

// The requests of one worker that may still be answered, and what becomes of each.
//
// A ring indexed by sequence number holds the intended send time and the state of each request in
// one word, so that a reply is trusted for nothing but its sequence number. A request leaves the
// ring when `capacity` younger ones have been sent: if it was still unanswered it is lost, whatever
// comes later.
class Outstanding {
 public:
  enum class Kind : std::uint8_t { answered, late, duplicate, stale, unsent };

  // `capacity` is rounded up to a power of two.
  Outstanding(std::size_t capacity, std::int64_t timeout);

  // The sequence number the next request will have.
  std::uint64_t next() const { return next_; }

  // Requests have been sent, in the order of their intended times, `counted` or not.
  void sent(std::span<const std::int64_t> intended, bool counted) {
    const Entry flags = (counted ? kCounted : 0) | kInFlight;
    for (const auto time : intended) {
      Entry& entry = at(next_++);
      if (entry & kUnanswered) forget(entry);
      entry = static_cast<Entry>(time) << kTimeShift | flags;
    }
    in_flight_ += intended.size();
    if (counted) counts_.sent += intended.size();
  }

  // `newest` is the newest sequence number answered on the flow the reply came by.
  Kind reply(std::uint64_t sequence, std::int64_t now, std::uint64_t& newest) {
    if (sequence >= next_ || next_ - sequence > mask_ + 1) return not_remembered(sequence);
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
      latency_.record(latency);
    }
    return late ? Kind::late : Kind::answered;
  }

  // Takes the requests older than the timeout out of those in flight. Their replies are late.
  void expire(std::int64_t now);

  // When the oldest request in flight will be older than the timeout.
  std::int64_t next_expiry() const {
    return in_flight_ == 0 ? std::numeric_limits<std::int64_t>::max()
                           : intended(ring_[oldest_ & mask_]) + timeout_ + 1;
  }

  // Gives up: what has not been answered is lost. Nothing may be sent or answered from then on.
  void finish();

  // Sent and neither answered nor older than the timeout.
  std::size_t in_flight() const { return in_flight_; }

  // Counted requests that have had no reply yet, however old.
  std::uint64_t unanswered() const {
    return counts_.sent - counts_.answered - counts_.late - counts_.lost;
  }

  const Counts& counts() const { return counts_; }

  // Of the counted requests that were answered, in time or late, since the intended time.
  const Histogram& latency() const { return latency_; }

 private:
  // Intended time (61 bits), counted (1 bit), expired (1 bit), in flight (1 bit).
  using Entry = std::uint64_t;
  static constexpr Entry kInFlight = 1;
  static constexpr Entry kExpired = 2;
  static constexpr Entry kUnanswered = kInFlight | kExpired;
  static constexpr Entry kCounted = 4;
  static constexpr int kTimeShift = 3;

  Entry& at(std::uint64_t sequence) { return ring_[sequence & mask_]; }
  static std::int64_t intended(Entry entry) {
    return static_cast<std::int64_t>(entry >> kTimeShift);
  }
  void forget(Entry& entry);
  Kind not_remembered(std::uint64_t sequence);

  std::vector<Entry> ring_;
  std::uint64_t mask_;
  std::int64_t timeout_;
  std::uint64_t next_ = 0;
  std::uint64_t oldest_ = 0;  // where expire() goes on
  std::size_t in_flight_ = 0;
  Counts counts_;
  Histogram latency_;
};

}  // namespace kudp
