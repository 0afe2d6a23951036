// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "bench/baseline/reply.hpp"
#include "loadgen/base/endpoint.hpp"

namespace kudp::baseline {

// Where an XDP program runs: in the driver, or on the skb that the driver made.
enum class XdpMode { any, native, generic };

// The servers that take datagrams off a device before the stack does.
struct DeviceOptions {
  std::string device;
  Endpoint listen;  // port 0: any free one
  XdpMode mode = XdpMode::generic;

  // af_xdp only.
  Reply reply;
  std::vector<int> cpus;  // the thread of queue i is pinned to CPU i of these, counted round
  unsigned batch = 64;
  unsigned busy_poll = 0;  // microseconds
  bool patient = false;    // its threads preempt nobody, see start_engine()
};

}  // namespace kudp::baseline
