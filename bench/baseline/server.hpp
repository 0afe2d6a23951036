// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "bench/baseline/counters.hpp"
#include "bench/baseline/engine.hpp"
#include "bench/baseline/reply.hpp"
#include "bench/baseline/serving.hpp"
#include "loadgen/base/endpoint.hpp"

namespace kudp::baseline {

struct Options {
  EngineKind engine = EngineKind::recvfrom;
  Endpoint listen;  // port 0: any free one
  Reply reply;
  int buffer_bytes = 4 << 20;  // receive and send buffer of each socket
  unsigned batch = 64;         // not recvfrom
  bool segments = true;        // recvmmsg-gro and io_uring
  bool patient = false;        // threads preempt nobody, see start_engine()
  std::vector<int> cpus;       // one pinned worker for each; none: one worker, not pinned
};

// The servers on sockets.
class Server final : public Serving {
 public:
  // Throws std::system_error where an address, a CPU or memory is not to be had.
  explicit Server(Options options);
  ~Server() override;

  const Endpoint& address() const override { return address_; }
  std::string description() const override;
  int receive_buffer() const { return receive_buffer_; }
  std::size_t workers() const { return workers_.size(); }

  Totals totals() const override;
  Totals totals(std::size_t worker) const;
  std::vector<std::pair<std::string, Totals>> shares() const override;
  void stop() override;

 private:
  class Worker;

  const Options options_;
  Endpoint address_;
  int receive_buffer_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace kudp::baseline
