// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <vector>

#include "loadgen/statistics/histogram.hpp"

namespace kudp {

// How long requests and their replies were beyond the network card: between two times of the card's
// own clock, so that neither this host's stack nor its clocks have a part in it.
class WireTimes {
 public:
  // Where it is not `wanted`, it takes no memory, and nothing may be noted.
  explicit WireTimes(bool wanted) : requests_(wanted ? kRequests : 0) {}

  // A request whose leaving the card is asked to tell.
  void sent(std::uint64_t sequence) { at(sequence) = {sequence, 0, 0, 0}; }

  // When it left the card, and when its reply came to it. A driver may tell the first after the
  // second. `longest` is how long it took by our clock, from sending
  // it to looking at its reply.
  void left(std::uint64_t sequence, std::int64_t time);
  void came(std::uint64_t sequence, std::int64_t time, std::int64_t longest);

  const Histogram& times() const { return times_; }

  // Those that cannot be, and are in no histogram: below 0, or above the longest.
  std::uint64_t impossible() const { return impossible_; }

 private:
  // Younger ones take the place of older ones.
  static constexpr int kBits = 12;
  static constexpr std::size_t kRequests = std::size_t{1} << kBits;
  static constexpr std::uint64_t kDone = ~std::uint64_t{0};

  struct Request {
    std::uint64_t sequence = kDone;
    std::int64_t left = 0, came = 0, longest = 0;
  };

  // Fibonacci hashing: sequence numbers of bursts' first requests are multiples of their size.
  Request& at(std::uint64_t sequence) {
    return requests_[sequence * 0x9e3779b97f4a7c15 >> (64 - kBits)];
  }
  void note(Request& request);

  std::vector<Request> requests_;
  Histogram times_;
  std::uint64_t impossible_ = 0;
};

}  // namespace kudp
