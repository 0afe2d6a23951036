// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loadgen/endpoint.hpp"
#include "loadgen/fd.hpp"

namespace kudp {

// One source port: a socket connected to the target.
struct Flow {
  Fd socket;
  std::uint32_t id;
  std::uint64_t newest = 0;  // the newest sequence number answered
};

// Opens non-blocking sockets; throws std::system_error.
std::vector<Flow> open_flows(const Endpoint& target, std::size_t count);

// How many datagrams these sockets have dropped so far for want of room.
std::uint64_t dropped_at(const std::vector<Flow>& flows);

}  // namespace kudp
