// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loadgen/base/clock.hpp"
#include "loadgen/base/endpoint.hpp"
#include "loadgen/schedule/schedule.hpp"
#include "loadgen/send/flow.hpp"

namespace kudp {

enum class Loop : std::uint8_t { closed, open };

// What the system calls of the loops are; AF_PACKET's, which only sends, is for blast().
enum class Backend : std::uint8_t { sendmmsg, io_uring, packet };

// Requests per second, of an open loop.
constexpr double kLowestRate = 0.001;
constexpr double kHighestRate = 1e9;

struct RunOptions {
  Loop loop = Loop::closed;
  Endpoint target;
  std::size_t window = 64;  // closed: requests in flight per thread
  double rate = 0;          // open: requests per second of all threads
  Arrivals arrivals = Arrivals::constant;
  std::int64_t duration = 5 * kSecond;
  std::int64_t warmup = kSecond;
  std::int64_t timeout = kSecond;
  std::size_t size = 64;
  std::size_t flows = 64;
  std::size_t threads = 1;
  std::size_t batch = 64;
  Backend backend = Backend::sendmmsg;
  std::size_t gso = 1;         // requests to a super-packet at most; 1: each is a datagram
  bool gro = false;            // take replies as super-packets
  bool timestamps = false;     // have kernel and card tell when requests left and replies came
  std::vector<int> cpus = {};  // thread i is pinned to cpus[i % cpus.size()]; empty: to none
};

FlowOptions flow_options(const RunOptions& options);

// Throws std::runtime_error with one line where options do not go together.
void check(const RunOptions& options);

// How many requests each worker remembers.
std::size_t remembered_requests(const RunOptions& options);

}  // namespace kudp
