// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "loadgen/statistics/counts.hpp"
#include "loadgen/statistics/histogram.hpp"

namespace kudp {

// The requests of one worker that may still be answered, and what becomes of each.
//
// A ring indexed by sequence number holds the intended send time and the state of each request in
// one word, so that a reply is trusted for nothing but its sequence number. Where requests may be
// sent later than intended, a second word holds by how much. A request leaves the
// ring when `capacity` younger ones have been sent: if it was still unanswered it is lost, whatever
// comes later.
class Outstanding {
 public:
  enum class Kind : std::uint8_t { answered, late, duplicate, stale, unsent };

  // `capacity` is rounded up to a power of two. With `scheduled` the intended time and the time of
  // sending are told apart.
  Outstanding(std::size_t capacity, std::int64_t timeout, bool scheduled = false);

  // The sequence number the next request will have.
  std::uint64_t next() const { return next_; }

  // Requests have been sent at `now`, in the order of their intended times, `counted` or not.
  void sent(std::span<const std::int64_t> intended, bool counted, std::int64_t now) {
    const Entry flags = (counted ? kCounted : 0) | kInFlight;
    auto sequence = next_;
    for (const auto time : intended) {
      Entry& entry = at(sequence++);
      if (entry & kUnanswered) [[unlikely]]
        forget(entry);
      entry = static_cast<Entry>(time) << kTimeShift | flags;
    }
    if (scheduled_)
      for (sequence = next_; const auto time : intended)
        delays_[sequence++ & mask_] = delay_of(now - time);
    next_ = sequence;
    in_flight_ += intended.size();
    if (counted) counts_.sent += intended.size();
  }

  // `newest` is the newest sequence number answered on the flow the reply came by. Inlined in each
  // backend: a call for each reply is ten instructions.
  [[gnu::always_inline]] Kind reply(std::uint64_t sequence, std::int64_t now,
                                    std::uint64_t& newest) {
    if (!remembers(sequence)) [[unlikely]]
      return not_remembered(sequence);
    Entry& entry = at(sequence);
    const Entry request = entry;
    const std::int64_t latency = now - intended(request);
    // Nearly all are like this.
    if ((request & kFlags) != (kCounted | kInFlight) || latency > timeout_ || sequence < newest)
        [[unlikely]]
      return unusual_reply(sequence, now, newest);
    entry = request & ~kInFlight;
    newest = sequence;
    --in_flight_;
    ++counts_.answered;
    record(sequence, latency);
    return Kind::answered;
  }

  // Takes the requests older than the timeout out of those in flight. Their replies are late.
  void expire(std::int64_t now);

  // When the oldest request in flight will be older than the timeout.
  std::int64_t next_expiry() const {
    return in_flight_ == 0 ? std::numeric_limits<std::int64_t>::max()
                           : intended(ring_[oldest_ & mask_]) + timeout_ + 1;
  }

  // When the request was sent; nothing where it is not remembered.
  std::optional<std::int64_t> sent_at(std::uint64_t sequence) const {
    if (sequence >= next_ || !remembers(sequence)) return std::nullopt;
    return intended(ring_[sequence & mask_]) + (scheduled_ ? delays_[sequence & mask_] : 0);
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

  // The same since the time of sending.
  const Histogram& service() const { return scheduled_ ? service_ : latency_; }

 private:
  // Intended time (61 bits), counted (1 bit), expired (1 bit), in flight (1 bit).
  using Entry = std::uint64_t;
  static constexpr Entry kInFlight = 1;
  static constexpr Entry kExpired = 2;
  static constexpr Entry kUnanswered = kInFlight | kExpired;
  static constexpr Entry kCounted = 4;
  static constexpr Entry kFlags = kUnanswered | kCounted;
  static constexpr int kTimeShift = 3;

  // One of the youngest that the ring has room for. The difference wraps for one not sent yet, so
  // that one comparison does; as long as the ring is not full it may come out as a number whose
  // entry is still blank.
  bool remembers(std::uint64_t sequence) const { return next_ - 1 - sequence <= mask_; }

  Entry& at(std::uint64_t sequence) { return ring_[sequence & mask_]; }
  static std::int64_t intended(Entry entry) {
    return static_cast<std::int64_t>(entry >> kTimeShift);
  }
  void forget(Entry& entry);
  Kind not_remembered(std::uint64_t sequence);
  Kind unusual_reply(std::uint64_t sequence, std::int64_t now, std::uint64_t& newest);

  void record(std::uint64_t sequence, std::int64_t latency) {
    latency_.record(latency);
    if (scheduled_) service_.record(latency - delays_[sequence & mask_]);
  }

  // Up to 4 s; a request that is sent later than that counts as sent 4 s late here.
  static std::uint32_t delay_of(std::int64_t ns) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(ns, 0, std::numeric_limits<std::uint32_t>::max()));
  }

  std::vector<Entry> ring_;
  bool scheduled_;
  std::vector<std::uint32_t> delays_;  // from the intended time to sending
  std::uint64_t mask_;
  std::int64_t timeout_;
  std::uint64_t next_ = 0;
  std::uint64_t oldest_ = 0;  // where expire() goes on
  std::size_t in_flight_ = 0;
  Counts counts_;
  Histogram latency_;
  Histogram service_;
};

}  // namespace kudp
