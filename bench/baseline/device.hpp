// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "bench/baseline/device_options.hpp"
#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fd.hpp"

struct bpf_link;

namespace kudp::baseline {

struct Device {
  std::string name;
  unsigned index;
  unsigned mtu;
  unsigned queues;  // that receive
};

// Throws std::runtime_error.
Device find_device(const std::string& name);

// Holds an address and port while an XDP program answers for it. What the program leaves to the
// stack (fragments, IP options) ends here unanswered, and takes no memory.
class HeldAddress {
 public:
  // Throws std::runtime_error, also for a wildcard: below the stack nobody knows what is local.
  explicit HeldAddress(const Endpoint& listen);
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  Fd socket_;
  Endpoint endpoint_;
};

// The address as the programs have it: the first word only for IPv4; and the port. In network
// byte order.
void write_target(const Endpoint& endpoint, bool& ipv6, unsigned (&address)[4],
                  unsigned short& port);

// An XDP program on a device. Ends with this object or, however it ends, the process.
class XdpLink {
 public:
  XdpLink() = default;
  // With XdpMode::any in the driver, if it can. Throws std::runtime_error.
  XdpLink(int program, const Device& device, XdpMode mode);

  bool native() const { return native_; }
  void detach() { fd_ = Fd(); }

 private:
  Fd fd_;
  bool native_ = false;
};

// A program at a device's tc ingress. Ends with this object, but not with a process that is killed:
// the kernel ties it to the device.
class TcFilter {
 public:
  // Throws std::runtime_error, also where a filter stands in its place already.
  TcFilter(int program, const Device& device);
  ~TcFilter() { detach(); }
  TcFilter(const TcFilter&) = delete;
  TcFilter& operator=(const TcFilter&) = delete;

  void detach();

 private:
  unsigned device_;  // 0: nothing to take away
  bool made_hook_;
};

// Throws std::runtime_error for a negative status of libbpf.
void check_bpf(int status, const char* what);

}  // namespace kudp::baseline
