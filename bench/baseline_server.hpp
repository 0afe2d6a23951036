// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "bench/baseline_counters.hpp"
#include "bench/baseline_engine.hpp"
#include "bench/baseline_reply.hpp"
#include "loadgen/endpoint.hpp"

namespace kudp::baseline {

struct Options {
  EngineKind engine = EngineKind::recvfrom;
  Endpoint listen;  // port 0: any free one
  Reply reply;
  int buffer_bytes = 4 << 20;  // receive and send buffer of each socket
  unsigned batch = 64;         // recvmmsg only
  std::vector<int> cpus;       // one pinned worker for each; none: one worker, not pinned
};

// A server that runs from construction to stop() or destruction, whichever is first.
class Server {
 public:
  // Throws std::system_error where an address, a CPU or memory is not to be had.
  explicit Server(Options options);
  ~Server();

  const Endpoint& address() const { return address_; }
  int receive_buffer() const { return receive_buffer_; }
  std::size_t workers() const { return workers_.size(); }

  // May be called at any time; counts are final once stop() has returned.
  Totals totals() const;
  Totals totals(std::size_t worker) const;

  // Ends all workers, also those that wait for a datagram. Requests not yet answered stay so.
  void stop();

 private:
  class Worker;

  const Options options_;
  Endpoint address_;
  int receive_buffer_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace kudp::baseline
