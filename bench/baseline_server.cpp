// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline_server.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <thread>

#include "bench/baseline_socket.hpp"
#include "loadgen/cpus.hpp"
#include "loadgen/fd.hpp"

namespace kudp::baseline {
namespace {

std::unique_ptr<Engine> make_engine(EngineKind kind, const Service& service) {
  return kind == EngineKind::recvmmsg ? make_recvmmsg_engine(service)
                                      : make_recvfrom_engine(service);
}

// At the same place for IPv4 and IPv6.
in_port_t port_of(const Endpoint& endpoint) {
  return reinterpret_cast<const sockaddr_in&>(endpoint.address).sin_port;
}

}  // namespace

// One socket and the thread that serves it.
class Server::Worker {
 public:
  Worker(Fd socket, std::optional<int> cpu, const Options& options, const Endpoint& address)
      : socket_(std::move(socket)), service_{socket_.get(), port_of(address), is_wildcard(address),
                                             options.batch, options.reply,    counters_,
                                             stopping_} {
    std::promise<void> ready;
    auto started = ready.get_future();
    thread_ = std::thread([this, cpu, kind = options.engine, ready = std::move(ready)]() mutable {
      run(kind, cpu, std::move(ready));
    });
    try {
      started.get();
    } catch (...) {
      thread_.join();
      throw;
    }
  }

  ~Worker() { stop(); }

  void ask_to_stop() {
    stopping_.store(true, std::memory_order_relaxed);
    // Wakes the thread if it waits. It says ENOTCONN, as the socket has no peer, and works.
    shutdown(socket_.get(), SHUT_RDWR);
  }

  void stop() {
    ask_to_stop();
    if (thread_.joinable()) thread_.join();
  }

  const Counters& counters() const { return counters_; }

 private:
  void run(EngineKind kind, std::optional<int> cpu, std::promise<void> ready) {
    std::unique_ptr<Engine> engine;
    try {
      pthread_setname_np(pthread_self(), fmt::format("baseline/{}", cpu.value_or(0)).c_str());
      if (cpu) pin_to(*cpu);
      engine = make_engine(kind, service_);
    } catch (...) {
      ready.set_exception(std::current_exception());
      return;
    }
    ready.set_value();
    engine->run();
  }

  Counters counters_;
  std::atomic<bool> stopping_{false};
  const Fd socket_;
  const Service service_;
  std::thread thread_;
};

Server::Server(Options options) : options_(std::move(options)) {
  const auto& cpus = options_.cpus;
  auto sockets =
      bind_group(options_.listen, std::max<std::size_t>(cpus.size(), 1), options_.buffer_bytes);
  steer_by_cpu(sockets, cpus);
  address_ = local_endpoint(sockets[0]);
  receive_buffer_ = baseline::receive_buffer(sockets[0]);
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    const auto cpu = cpus.empty() ? std::nullopt : std::optional(cpus[i]);
    workers_.push_back(std::make_unique<Worker>(std::move(sockets[i]), cpu, options_, address_));
  }
}

Server::~Server() {
  stop();
}

Totals Server::totals() const {
  Totals totals;
  for (const auto& worker : workers_) totals += worker->counters();
  return totals;
}

Totals Server::totals(std::size_t worker) const {
  return Totals() += workers_.at(worker)->counters();
}

void Server::stop() {
  for (const auto& worker : workers_) worker->ask_to_stop();
  for (const auto& worker : workers_) worker->stop();
}

}  // namespace kudp::baseline
