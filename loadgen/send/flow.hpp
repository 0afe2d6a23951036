// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fd.hpp"

namespace kudp {

// One source port: a socket connected to the target.
struct Flow {
  Fd socket;
  std::uint32_t id;
  std::uint64_t newest = 0;  // the newest sequence number answered
};

struct FlowOptions {
  std::size_t segment = 0;  // UDP_SEGMENT: cut what is sent into datagrams of this size; 0: not
  bool gro = false;         // UDP_GRO: give what came in a row as one
  bool timestamps = false;  // SO_TIMESTAMPING: tell when a datagram came, or left if that is asked
};

// Opens non-blocking sockets; throws std::system_error.
std::vector<Flow> open_flows(const Endpoint& target, std::size_t count,
                             const FlowOptions& options = {});

// Whether a connected socket's error says that an ICMP message came: the target, or a router on the
// way, refuses what is sent. EMSGSIZE may be our own device's, too: then each send has it.
bool is_refusal(int error);

// Takes the flows of thread `thread` of `threads` out of all.
std::vector<Flow> share_of(std::vector<Flow>& flows, std::size_t thread, std::size_t threads);

// How many datagrams these sockets have dropped so far for want of room.
std::uint64_t dropped_at(const std::vector<Flow>& flows);

}  // namespace kudp
