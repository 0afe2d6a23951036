// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <vector>

#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fd.hpp"

namespace kudp::baseline {

// True for 0.0.0.0 and [::], where a reply has to be told which address was asked.
bool is_wildcard(const Endpoint& endpoint);

// Binds `count` UDP sockets to one address; more than one form a reuseport group in which socket i
// has index i. Fails where anyone holds the port, be it a reuseport group of the same user.
// Throws std::system_error.
std::vector<Fd> bind_group(const Endpoint& endpoint, std::size_t count, int buffer_bytes);

// Has socket i of the group get the datagrams that CPU cpus[i] received. Datagrams that other CPUs
// received are spread over the group by the kernel's hash of their flow.
void steer_by_cpu(const std::vector<Fd>& group, const std::vector<int>& cpus);

// Where a socket is bound, and the receive buffer the kernel granted it.
Endpoint local_endpoint(const Fd& socket);
int receive_buffer(const Fd& socket);

}  // namespace kudp::baseline
