// SPDX-License-Identifier: GPL-2.0-only
// What the kernel itself counts in a network namespace: devices, IP, UDP, routing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "loadgen/base/fd.hpp"
#include "tests/guest/responder.hpp"

namespace kudp::stress {

using guest::Counters;

// Of the calling thread's namespace, as netstat has them: "Ip.InReceives", "Udp.MemErrors".
Counters protocol_counters();

class KernelCounters {
 public:
  // Of the namespace `netns`, as `ip netns` knows it, or of this one if it is "", and of these of
  // its devices.
  KernelCounters(const std::string& netns, const std::vector<std::string>& devices);

  // Such as "Ip.InReceives", "IpExt.InNoRoutes", "Ip6InReceives", "rt_cache.in_martian_src",
  // "lo.rx_packets".
  Counters read() const;

  // Of one device alone, which is cheap.
  Counters read_device(const std::string& device) const;

 private:
  std::string netns_;
  std::map<std::string, unsigned> indices_;
  Fd route_;
};

}  // namespace kudp::stress
