// SPDX-License-Identifier: GPL-2.0-only
// The tests' network, made once for the whole run:
//
//   namespace of the tests (responders)        namespace kudp-client
//   +--------------------------------+        +---------------------------+
//   | lo   127.0.0.1, ::1            |  veth  |                           |
//   | kudp-s  198.18.1.1, 198.18.1.2 +--------+ kudp-c  198.18.1.9        |
//   |         fd00:6b75:6470:1::1, 2 | 1500   |         fd00:6b75:6470:1::9|
//   +--------------------------------+        +---------------------------+
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fd.hpp"

namespace kudp::guest {

inline constexpr char kServer4[] = "198.18.1.1";
inline constexpr char kServer4b[] = "198.18.1.2";
inline constexpr char kServer6[] = "fd00:6b75:6470:1::1";
inline constexpr char kServer6b[] = "fd00:6b75:6470:1::2";

void make_network();
void remove_network();

// "ADDRESS:PORT", with brackets where the address is IPv6.
std::string at(const std::string& address, int port);

enum class Where { kHere, kClient };

// For what is to come: a busy machine may leave a guest aside for seconds.
inline constexpr int kPatienceMs = 60'000;

// A UDP client: unconnected, so that it sees who answers.
class Client {
 public:
  Client(Where where, const std::string& target);

  const Endpoint& target() const { return target_; }
  int fd() const { return fd_.get(); }

  void send(const std::string& payload);

  struct Reply {
    std::string payload;
    std::string from;
  };
  // Waits for one datagram; false after `timeout_ms`.
  bool receive(Reply& reply, int timeout_ms = kPatienceMs);

 private:
  Endpoint target_;
  Fd fd_;
};

// A payload of `size` bytes that differs from others by `seed`.
std::string payload(std::size_t size, unsigned seed = 0);

// Takes the calling thread into one of the namespaces, for good.
void enter(Where where);

// Calls `what` with the calling thread in the network namespace `name`, as `ip netns` knows it.
void in_namespace(const std::string& name, const std::function<void()>& what);

// A socket in one of the namespaces: any, or a UDP socket of the given family, whose recv() gives
// up when kPatienceMs are over.
Fd socket_in(Where where, int family, int type);
Fd udp_socket(Where where, int family);

}  // namespace kudp::guest
