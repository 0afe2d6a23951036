// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/backend.hpp"

#include <utility>

#include "loadgen/receive/ring_transport.hpp"
#include "loadgen/receive/socket_transport.hpp"
#include "loadgen/send/datagram_sender.hpp"
#include "loadgen/send/packet_sender.hpp"

namespace kudp {

std::unique_ptr<Sender> make_sender(const RunOptions& options, std::vector<Flow> flows,
                                    const Payload& payload, std::size_t burst) {
  if (options.backend == Backend::packet)
    return std::make_unique<PacketSender>(std::move(flows), payload, burst, options.target);
  return std::make_unique<DatagramSender>(std::move(flows), payload, burst, options.gso);
}

std::unique_ptr<Transport> make_transport(const RunOptions& options, std::vector<Flow> flows,
                                          const Payload& payload, std::size_t burst,
                                          Ledger& ledger) {
  if (options.backend == Backend::io_uring)
    return std::make_unique<RingTransport>(std::move(flows), payload, burst, ledger);
  const SocketTransport::Options how{.batch = options.batch,
                                     .burst = burst,
                                     .gso = options.gso,
                                     .gro = options.gro,
                                     .timestamps = options.timestamps};
  return std::make_unique<SocketTransport>(std::move(flows), payload, how, ledger);
}

}  // namespace kudp
