// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sched.h>

#include <cerrno>
#include <cstddef>
#include <future>
#include <string>
#include <system_error>

#include "loadgen/base/fd.hpp"

namespace kudp::cost {

// A network namespace without a name: it goes when the last process that uses it does.
class Namespace {
 public:
  Namespace();

  int fd() const { return fd_.get(); }

  // Enters it for good; for a thread or a child of its own.
  void enter() const {
    if (setns(fd(), CLONE_NEWNET)) throw std::system_error(errno, std::generic_category(), "setns");
  }

  // What `work` does in the namespace, on a thread of its own. What it throws is passed on.
  template <class Work>
  auto run(Work work) const {
    return std::async(std::launch::async,
                      [this, &work] {
                        enter();
                        return work();
                      })
        .get();
  }

 private:
  Fd fd_;
};

// The path that is measured:
//
//   namespace client                        namespace server
//   198.18.2.100 + flow  kudp-c ── veth ── kudp-s  198.18.2.1
//
// What is sent one-way goes to 198.18.2.2, which nobody has: its frames are addressed to another
// station than kudp-s, so the IP layer there drops them at its first look, whoever sent them.
//
// All neighbours are entered by hand and there are no link-local addresses, so that nothing is
// resolved, advertised or solicited in the middle of a measurement.
class Network {
 public:
  static constexpr std::size_t kClients = 64;
  static constexpr const char* kServerDevice = "kudp-s";
  static constexpr const char* kClientDevice = "kudp-c";
  static constexpr const char* kNobodysMac = "52:54:00:6b:75:13";

  // With so many client addresses. The more of them are IPv6, the longer takes the kernel to choose
  // one (RFC 6724) for a datagram whose socket has none yet.
  explicit Network(std::size_t clients = kClients);

  const Namespace& server() const { return server_; }
  const Namespace& client() const { return client_; }

  static std::string server_address(int family);
  static std::string nobodys_address(int family);
  static std::string client_address(int family, std::size_t flow);

 private:
  Namespace server_;
  Namespace client_;
};

// "ADDRESS:PORT", in brackets where it has to be.
std::string with_port(const std::string& address, int port);

}  // namespace kudp::cost
