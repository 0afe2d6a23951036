// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kudp::cost {

// What has a socket in userspace is what the kernel's own is compared with; the others bypass the
// stack.
enum class Kind { socket, bypass, kernel };

// Ends the name of a server whose threads are so, see start_engine().
inline constexpr std::string_view kPatient = "-patient";

struct Server {
  std::string_view name;
  Kind kind;
  bool sends = false;  // it serves nobody: it is a sender, for the loads that are one-way
};

inline constexpr std::array<Server, 21> kServers{{{"recvfrom", Kind::socket},
                                                  {"recvmmsg", Kind::socket},
                                                  {"recvmmsg-gro", Kind::socket},
                                                  {"io_uring", Kind::socket},
                                                  {"recvmmsg-patient", Kind::socket},
                                                  {"recvmmsg-gro-patient", Kind::socket},
                                                  {"io_uring-patient", Kind::socket},
                                                  {"af_xdp", Kind::bypass},
                                                  {"af_xdp-patient", Kind::bypass},
                                                  {"xdp", Kind::bypass},
                                                  {"tc", Kind::bypass},
                                                  {"classic", Kind::kernel},
                                                  {"kthread", Kind::kernel},
                                                  {"softirq", Kind::kernel},
                                                  {"softirq-link", Kind::kernel},
                                                  {"softirq-unguarded", Kind::kernel},
                                                  {"softirq-guarded", Kind::kernel},
                                                  {"sendmmsg", Kind::socket, true},
                                                  {"pktgen", Kind::bypass, true},
                                                  {"send-unconnected", Kind::kernel, true},
                                                  {"send-connected", Kind::kernel, true}}};

// Throws std::runtime_error, which names the servers there are.
const Server& server_named(std::string_view name);

// What the client asks: bursts of requests, each sent as a datagram of its own or `segments` of
// them in one super-packet. One-way, nobody asks: a sender sends, and nobody answers.
struct Load {
  int family;  // 4 or 6
  std::size_t size;
  std::size_t burst;  // 0: one-way
  std::size_t flows;
  std::size_t segments;

  std::string name() const;   // "ipv4-64-burst8-flows1", "ipv6-64-super8", "ipv4-64-send"
  std::string title() const;  // for people
  bool one_way() const { return burst == 0; }
  // What the stack has no part in: the program at tc's ingress that turns the skb around before the
  // stack sees it, or Linux's own packet generator, which hands packets to the device. (Generic XDP
  // stands higher: it copies each datagram first.)
  std::string_view floor() const { return one_way() ? "pktgen" : "tc"; }
  bool operator==(const Load&) const = default;
};

std::vector<Load> all_loads();
std::vector<Load> quick_loads();

// The loads whose names match one of the patterns, as a shell's. Throws std::runtime_error if a
// pattern matches none.
std::vector<Load> matching(const std::vector<Load>& loads,
                           const std::vector<std::string>& patterns);

// Super-packets are not for all: an AF_XDP socket is handed their bytes without the segment size,
// and the module refuses them together with the link turnaround. What the guard's rules cost,
// without any of them (-unguarded) and with all (-guarded), shows at bursts of 64 from one flow. A
// socket server's patience (-patient) pays with super-packets; that it does not with single
// datagrams shows at 64 bytes from one flow.
bool can_serve(const Server& server, const Load& load);

}  // namespace kudp::cost
