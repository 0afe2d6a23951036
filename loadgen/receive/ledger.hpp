// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>

#include "loadgen/base/clock.hpp"
#include "loadgen/base/payload.hpp"
#include "loadgen/receive/departures.hpp"
#include "loadgen/receive/timestamps.hpp"
#include "loadgen/send/flow.hpp"
#include "loadgen/statistics/counts.hpp"
#include "loadgen/statistics/histogram.hpp"
#include "loadgen/statistics/outstanding.hpp"
#include "loadgen/statistics/wire_times.hpp"

namespace kudp {

// What became of one worker's requests: a transport hands over what it receives, and each datagram
// ends here, under one count. Nothing is allocated after construction.
class Ledger {
 public:
  struct Options {
    std::size_t capacity;     // requests that are remembered
    std::int64_t timeout;     // nanoseconds; a later reply is late
    bool scheduled = false;   // a request may be sent later than intended
    bool timestamps = false;  // kernel and card tell when requests left and replies came
  };

  Ledger(const Payload& payload, const Options& options)
      : payload_(payload),
        outstanding_(options.capacity, options.timeout, options.scheduled),
        timestamps_(options.timestamps),
        wire_(options.timestamps) {}

  Outstanding& requests() { return outstanding_; }
  const Outstanding& requests() const { return outstanding_; }

  // Before this, what comes without a request to it counts for nothing.
  void start_measuring() { measuring_ = true; }
  // An answer from `end` on is none of the interval's.
  void set_end(std::int64_t end) { end_ = end; }

  // The kernel is asked to tell when the request, a burst's first, left.
  void asked_to_tell(std::uint64_t sequence) {
    if (timestamps_ && measuring_) wire_.sent(sequence);
  }
  void left(const Departures::Departure& departure);

  // An ICMP message came instead of a reply.
  void refused() { noticed_.refused += measuring_; }

  // Takes a batch of datagrams: `for_each` calls the function that it is given with each one's
  // (Flow&, const std::byte* data, std::size_t length, Timestamp arrived), and returns their
  // number. So does this.
  template <class ForEach>
  std::size_t take(ForEach&& for_each) {
    const auto now = now_ns();
    const auto answered_before = outstanding_.counts().answered;
    const Payload& payload = payload_;  // as a member it would be looked up again for each reply
    const std::size_t datagrams =
        for_each([&](Flow & flow, const std::byte* data, std::size_t length, Timestamp arrived)
                     __attribute__((always_inline)) {
                       take_one(payload, flow, data, length, arrived, now);
                     });
    if (datagrams > 0) {
      last_reply_ = now;
      replies_ += datagrams;
      if (now < end_) noticed_.in_interval += outstanding_.counts().answered - answered_before;
    }
    return datagrams;
  }

  // Of the measured interval.
  Counts counts() const;
  const Histogram& transmit_path() const { return transmit_path_; }
  const Histogram& receive_wait() const { return receive_wait_; }
  const WireTimes& wire() const { return wire_; }

  // Warm-up included: the datagrams that came, and when the last of them was taken; 0: none.
  std::uint64_t replies() const { return replies_; }
  std::int64_t last_reply() const { return last_reply_; }

 private:
  [[gnu::always_inline]] void take_one(const Payload& payload, Flow& flow, const std::byte* data,
                                       std::size_t length, Timestamp arrived, std::int64_t now) {
    const auto found = payload.match(data, length, flow.id);
    if (found.match != Payload::Match::ours) return note_mismatch(found.match);
    const auto kind = outstanding_.reply(found.sequence, now, flow.newest);
    if (kind == Outstanding::Kind::unsent) note_mismatch(Payload::Match::foreign);
    if (arrived.seen != 0 && measuring_) receive_wait_.record(now - arrived.seen);
    // A duplicate's is not its reply's, which the card may have missed.
    if (arrived.card != 0 &&
        (kind == Outstanding::Kind::answered || kind == Outstanding::Kind::late))
      if (const auto sent = outstanding_.sent_at(found.sequence))
        wire_.came(found.sequence, arrived.card, now - *sent);
  }
  void note_mismatch(Payload::Match match);

  const Payload& payload_;
  Outstanding outstanding_;
  bool timestamps_;
  bool measuring_ = false;
  std::int64_t end_ = 0;
  std::int64_t last_reply_ = 0;
  std::uint64_t replies_ = 0;
  Counts noticed_;  // what outstanding_ cannot see
  Histogram transmit_path_;
  Histogram receive_wait_;
  WireTimes wire_;
};

}  // namespace kudp
