// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <netinet/in.h>

#include <atomic>
#include <memory>

#include "bench/baseline/counters.hpp"
#include "bench/baseline/reply.hpp"

namespace kudp::baseline {

enum class EngineKind { recvfrom, recvmmsg, recvmmsg_gro, io_uring };

// What an engine is given by the worker it runs in. The worker ends it by setting `stopping`, then
// shutting the socket down, which ends a system call that waits and all that come after, and
// making `stop_event` readable, for an engine that waits otherwise.
struct Service {
  int socket;
  in_port_t own_port;  // network byte order
  bool wildcard;       // replies must name the address that was asked
  unsigned batch;
  bool segments;  // merge datagrams of one flow (UDP_GRO, UDP_SEGMENT), where the engine can
  const Reply& reply;
  Counters& counters;
  const std::atomic<bool>& stopping;
  int stop_event;

  bool stopped() const { return stopping.load(std::memory_order_relaxed); }
};

// A way to receive and answer datagrams. Constructed in the thread that runs it, so that its
// memory is on that CPU's node.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual void run() = 0;
};

std::unique_ptr<Engine> make_recvfrom_engine(const Service& service);
std::unique_ptr<Engine> make_recvmmsg_engine(const Service& service);
std::unique_ptr<Engine> make_recvmmsg_gro_engine(const Service& service);
std::unique_ptr<Engine> make_io_uring_engine(const Service& service);

}  // namespace kudp::baseline
