// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <string>

namespace kudp {

// What this host says of itself at one time; the difference of two tells what happened between.
struct HostState {
  std::int64_t monotonic = 0;
  std::int64_t raw = 0;             // CLOCK_MONOTONIC_RAW, which nobody adjusts
  std::int64_t realtime = 0;        // which the kernel's time stamps are in
  std::uint64_t receive_drops = 0;  // UDP RcvbufErrors of this network namespace, IPv4 and IPv6
  std::uint64_t send_drops = 0;     // SndbufErrors, and calls that came short for want of room
  std::string clocksource = {};     // empty where it is not told
};

HostState read_host_state();

// By how much the clock that times are taken from ran fast between the two, in parts of one.
double clock_drift(const HostState& before, const HostState& after);

// By how much the clock of the time stamps was set meanwhile, nanoseconds.
std::int64_t clock_step(const HostState& before, const HostState& after);

// Datagrams that UDP told nobody it had not sent between the two. It counts a call that came short,
// which loses nothing, in the same place: `short_sends` of them were the caller's own.
std::uint64_t send_drops(const HostState& before, const HostState& after,
                         std::uint64_t short_sends);

}  // namespace kudp
