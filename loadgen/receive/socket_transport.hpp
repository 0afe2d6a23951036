// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loadgen/receive/departures.hpp"
#include "loadgen/receive/inbox.hpp"
#include "loadgen/receive/transport.hpp"
#include "loadgen/send/outbox.hpp"

namespace kudp {

// By sendmmsg(2) and recvmmsg(2).
//
// sendmmsg works on one socket, so a burst goes out on one flow and the next burst on the next:
// that costs one system call per burst however many flows there are, and still visits all of them.
// When few requests are due a burst is one request, so successive requests take successive flows.
// Replies are found by edge-triggered epoll: a socket is reported once for all that has arrived and
// is read until it runs short, without the second look at every socket that level-triggered epoll
// takes.
class SocketTransport final : public Transport {
 public:
  struct Options {
    std::size_t batch;  // datagrams to a recvmmsg at most
    std::size_t burst;  // requests to a burst at most
    std::size_t gso;    // requests to a super-packet at most
    bool gro;           // replies may be super-packets
    bool timestamps;    // kernel and card tell when requests left and replies came
  };

  SocketTransport(std::vector<Flow> flows, const Payload& payload, const Options& options,
                  Ledger& ledger);

  bool receive(std::int64_t now, std::int64_t until) override;

 private:
  int put(std::size_t flow, std::size_t count, std::uint64_t first) override;
  int wait(std::int64_t now, std::int64_t until);
  void take_departures(const Flow& flow);
  void take_replies(Flow& flow);
  void take_batch(Flow& flow, std::size_t messages);
  void read_again(Flow& flow);

  Outbox requests_;
  Inbox received_;
  Departures departures_;
  bool timestamps_;
  Fd epoll_;
  std::vector<epoll_event> events_;
};

}  // namespace kudp
