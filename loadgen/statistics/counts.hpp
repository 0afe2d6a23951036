// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <initializer_list>

namespace kudp {

// What became of the counted requests, those meant to be sent in the measured interval. Each ends
// as exactly one of answered, late and lost.
struct Counts {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;     // the reply came within the timeout
  std::uint64_t late = 0;         // it came, but after the timeout
  std::uint64_t lost = 0;         // none came
  std::uint64_t in_interval = 0;  // of the answered: the reply came before the interval ended

  std::uint64_t duplicate = 0;  // further replies to a request that has had one
  std::uint64_t reordered = 0;  // first replies overtaken by a younger request's on the same flow
  std::uint64_t stale = 0;      // replies to requests so old that they are forgotten (and lost)
  std::uint64_t corrupt = 0;    // replies with our header, but the rest is not what was sent
  std::uint64_t foreign = 0;    // datagrams that are no reply to anything we sent
  std::uint64_t refused = 0;    // ICMP messages, such as port unreachable, instead of replies

  Counts& operator+=(const Counts& other);
};

inline Counts& Counts::operator+=(const Counts& other) {
  for (const auto member : {&Counts::sent, &Counts::answered, &Counts::late, &Counts::lost,
                            &Counts::in_interval, &Counts::duplicate, &Counts::reordered,
                            &Counts::stale, &Counts::corrupt, &Counts::foreign, &Counts::refused})
    this->*member += other.*member;
  return *this;
}

}  // namespace kudp
