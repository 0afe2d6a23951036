// SPDX-License-Identifier: GPL-2.0-only
// The books of frames sent into a namespace with one responder: what comes in at each level of the
// stack is what some counter says became of it.
//
//   sent ─ device ─ IPv4, IPv6 ─ UDP ─ responder
//
// Nothing else may send into the namespace.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/stress/kernel_counters.hpp"
#include "tests/stress/traits.hpp"

namespace kudp::stress {

// What the sender knows of the frames.
struct Sent {
  std::uint64_t frames = 0;         // sendto() took them
  std::uint64_t refused = 0;        // it did not: EINVAL, EMSGSIZE; these were never frames
  std::uint64_t not_cut = 0;        // super-packets that the sending device could not cut up
  std::uint64_t cut = 0;            // frames that became of super-packets beyond the first
  std::uint64_t not_forwarded = 0;  // dropped between the devices, as too long
  std::uint64_t copies = 0;         // datagrams that UDP makes of one, at most and beyond the first
  std::uint64_t super_packets = 0;
  // As in Traits.
  std::uint64_t short_tag = 0, multicast4 = 0, source_route4 = 0, multicast6 = 0;
  std::uint64_t segment_routing6 = 0, fragment6 = 0, other_protocol = 0, from_all = 0,
                no_header = 0, astray = 0;

  // A frame that arrives; `datagrams`: that it can be cut into.
  void add(const Traits& traits, std::uint64_t datagrams = 1);
};

struct Level {
  std::string name;
  std::vector<std::pair<std::string, std::uint64_t>> in, out;
  // What may be missing from `out`, or be there twice: the kernel's known ways without a counter.
  std::uint64_t uncounted = 0, twice = 0;

  // in - out
  std::int64_t rest() const;
  bool balances() const;
  std::string text() const;
};

// Whether GRO may make one datagram of several before IP counts them: not on a veth.
enum class Gro { kNever, kPossible };

// `outside` and `inside` are how much the counters have grown: those of the sender's device
// `out_device` and of the target's namespace, where frames arrive at `in_device`.
std::vector<Level> ledger(const Sent& sent, const Counters& outside, const std::string& out_device,
                          const Counters& inside, const std::string& in_device,
                          const Counters& responder, Gro gro = Gro::kNever);

// What `books` say once all that is on its way has arrived, nothing moves any more, and fragments
// that wait for others were given up: when each level is `done`, and all stay as they are. After so
// many tries, whatever they say.
std::vector<Level> settled(const std::function<std::vector<Level>()>& books, int tries,
                           const std::function<bool(const Level&)>& done = &Level::balances);

// How much `after` is more than `before`.
Counters growth(const Counters& before, const Counters& after);

// All that has grown, for whoever looks for what is missing.
std::string text_of(const Counters& grown);

}  // namespace kudp::stress
