// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "loadgen/base/payload.hpp"
#include "loadgen/receive/ledger.hpp"
#include "loadgen/receive/transport.hpp"
#include "loadgen/run/options.hpp"
#include "loadgen/send/sender.hpp"

namespace kudp {

// What `options.backend` stands for, with room for bursts of `burst` requests at most. The payload
// has to outlive it. Both throw std::runtime_error, one line, where the kernel refuses something.

// To send only, for blast(): sendmmsg or packet.
std::unique_ptr<Sender> make_sender(const RunOptions& options, std::vector<Flow> flows,
                                    const Payload& payload, std::size_t burst);

// To send and receive, for run(): sendmmsg or io_uring. The ledger has to outlive it, too.
std::unique_ptr<Transport> make_transport(const RunOptions& options, std::vector<Flow> flows,
                                          const Payload& payload, std::size_t burst,
                                          Ledger& ledger);

}  // namespace kudp
