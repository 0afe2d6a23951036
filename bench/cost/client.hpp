// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/cost/network.hpp"
#include "bench/cost/plan.hpp"
#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fd.hpp"

namespace kudp::cost {

// A closed loop on one thread: a burst of requests, then all their replies, then the next burst.
// What it executes is part of every figure, so it does the same whatever server answers, and
// little.
class Client {
 public:
  Client(const Load& load, const Endpoint& server, const Namespace& where);
  virtual ~Client() = default;

  // Asks once and waits for the replies, one second for each at most. Throws std::runtime_error at
  // a reply that is not what was asked for; returns the number of replies that did not come.
  virtual std::size_t burst() = 0;

  // Throws std::runtime_error if replies came that nobody waits for any more.
  void expect_silence() const;

 protected:
  const Load load_;
  std::vector<Fd> sockets_;  // connected, one for each flow
  std::uint64_t next_ = 0;   // sequence number of the next burst's first request

  // Writes all of a request but its sequence number, and that.
  void fill(char* request) const;
  static void stamp(char* request, std::uint64_t sequence);

  // The sequence number of a reply that is as the request was.
  std::uint64_t check(const char* reply, std::size_t length) const;

 private:
  std::vector<char> image_;
};

std::unique_ptr<Client> make_client(const Load& load, const Endpoint& server,
                                    const Namespace& where);

}  // namespace kudp::cost
