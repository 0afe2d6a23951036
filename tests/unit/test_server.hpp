// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fd.hpp"

namespace kudp {

using Bytes = std::vector<char>;
using Send = std::function<void(const Bytes&)>;

// Hands each datagram, with its number and a way to answer its sender, to a function.
class Server {
 public:
  using Handler = std::function<void(std::uint64_t number, const Bytes& request, const Send& send)>;

  explicit Server(Handler handler) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    // Room for all that a test sends, however late the server gets to it on a busy machine.
    const int room = 32 << 20;
    if (setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
      setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length) ||
        getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length))
      throw std::runtime_error("no test server");
    target_ = resolve("127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
    thread_ = std::jthread([this, handler = std::move(handler)](const std::stop_token& stop) {
      serve(stop, handler);
    });
  }

  const Endpoint& target() const { return target_; }

 private:
  void serve(const std::stop_token& stop, const Handler& handler) {
    Bytes buffer(65536);
    for (std::uint64_t number = 0; !stop.stop_requested();) {
      pollfd readable{socket_.get(), POLLIN, 0};
      if (poll(&readable, 1, 10) <= 0) continue;
      sockaddr_in from{};
      socklen_t length = sizeof from;
      const auto count = recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &length);
      if (count < 0) continue;
      handler(number++, Bytes(buffer.begin(), buffer.begin() + count),
              [=, this](const Bytes& reply) {
                sendto(socket_.get(), reply.data(), reply.size(), 0,
                       reinterpret_cast<const sockaddr*>(&from), length);
              });
    }
  }

  Fd socket_;
  Endpoint target_;
  std::jthread thread_;
};

}  // namespace kudp
