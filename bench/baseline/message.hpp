// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace kudp::baseline {

// A UDP payload, a jumbogram apart, is shorter than this.
inline constexpr std::size_t kMaxDatagram = 65536;

// Source of a datagram, IPv4 or IPv6. The port is at the same place in both.
union Source {
  sockaddr_in v4;
  sockaddr_in6 v6;

  in_port_t port() const { return v4.sin_port; }
};
static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));

// Room for the one control message of a wildcard socket: the address that was asked. Handed back
// with the reply, it becomes the reply's source address.
struct alignas(cmsghdr) AskedAddress {
  char bytes[CMSG_SPACE(sizeof(in6_pktinfo))];
};

// Unties the reply from the interface the request came in by: routing decides, as for any server.
// (A link-local peer's interface is in its address.)
inline void forget_interface(cmsghdr& asked) {
  if (asked.cmsg_level == IPPROTO_IP)
    reinterpret_cast<in_pktinfo*>(CMSG_DATA(&asked))->ipi_ifindex = 0;
  else
    reinterpret_cast<in6_pktinfo*>(CMSG_DATA(&asked))->ipi6_ifindex = 0;
}

// The same for a message with no other control message than that.
inline void forget_interface(msghdr& message) {
  if (cmsghdr* const header = CMSG_FIRSTHDR(&message)) forget_interface(*header);
}

}  // namespace kudp::baseline
