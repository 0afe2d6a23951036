// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fd.hpp"

namespace kudp {

// All throw std::system_error.

// Opens a UDP socket of the target's address family, with SOCK_CLOEXEC and `flags` (SOCK_NONBLOCK).
Fd open_udp(const Endpoint& target, int flags = 0);

// Connected, the route and the address are looked up once, and a refusal by the target is noticed.
// An error begins with `doing`, then names the target.
void connect_to(const Fd& socket, const Endpoint& target, const char* doing = "");

// Sets an option that is an int. An error begins with the option's `name`.
void set_option(int socket, int level, int option, int value, const char* name);

// Asks for a buffer of so many bytes. The forced size (SO_RCVBUFFORCE, SO_SNDBUFFORCE) needs
// CAP_NET_ADMIN; without it the kernel grants up to net.core.{r,w}mem_max.
void set_receive_buffer(int socket, int bytes);
void set_send_buffer(int socket, int bytes);

}  // namespace kudp
