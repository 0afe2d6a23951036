// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline/server.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <system_error>
#include <thread>

#include "bench/baseline/socket.hpp"
#include "bench/baseline/thread.hpp"
#include "loadgen/base/fd.hpp"

namespace kudp::baseline {
namespace {

std::unique_ptr<Engine> make_engine(EngineKind kind, const Service& service) {
  switch (kind) {
    case EngineKind::recvfrom:
      return make_recvfrom_engine(service);
    case EngineKind::recvmmsg:
      return make_recvmmsg_engine(service);
    case EngineKind::recvmmsg_gro:
      return make_recvmmsg_gro_engine(service);
    case EngineKind::io_uring:
      return make_io_uring_engine(service);
  }
  __builtin_unreachable();
}

Fd make_event() {
  Fd event(eventfd(0, EFD_CLOEXEC));
  if (event.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
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
      : socket_(std::move(socket)),
        stop_event_(make_event()),
        service_{socket_.get(), port_of(address), is_wildcard(address),
                 options.batch, options.segments, options.reply,
                 counters_,     stopping_,        stop_event_.get()} {
    thread_ = start_engine(cpu.value_or(0), cpu, options.patient,
                           [this, kind = options.engine] { return make_engine(kind, service_); });
  }

  ~Worker() { stop(); }

  void ask_to_stop() {
    stopping_.store(true, std::memory_order_relaxed);
    // Wakes the thread if it waits. It says ENOTCONN, as the socket has no peer, and works.
    shutdown(socket_.get(), SHUT_RDWR);
    eventfd_write(stop_event_.get(), 1);
  }

  void stop() {
    ask_to_stop();
    if (thread_.joinable()) thread_.join();
  }

  const Counters& counters() const { return counters_; }

 private:
  Counters counters_;
  std::atomic<bool> stopping_{false};
  const Fd socket_;
  const Fd stop_event_;
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

std::string Server::description() const {
  std::string text;
  switch (options_.engine) {
    case EngineKind::recvfrom:
      text = "recvfrom";
      break;
    case EngineKind::recvmmsg:
      text = "recvmmsg";
      break;
    case EngineKind::recvmmsg_gro:
      text = "recvmmsg-gro";
      break;
    case EngineKind::io_uring:
      text = "io_uring";
      break;
  }
  if (options_.engine != EngineKind::recvfrom) text += fmt::format("({})", options_.batch);
  if (!options_.cpus.empty()) text += fmt::format(", CPUs {}", fmt::join(options_.cpus, ","));
  if (options_.patient) text += ", patient";
  return text + fmt::format(", receive buffer {} bytes", receive_buffer_);
}

Totals Server::totals() const {
  Totals totals;
  for (const auto& worker : workers_) totals += worker->counters();
  return totals;
}

Totals Server::totals(std::size_t worker) const {
  return Totals() += workers_.at(worker)->counters();
}

std::vector<std::pair<std::string, Totals>> Server::shares() const {
  std::vector<std::pair<std::string, Totals>> shares;
  for (std::size_t i = 0; i < options_.cpus.size(); ++i)
    shares.emplace_back(fmt::format("CPU {}", options_.cpus[i]), totals(i));
  return shares;
}

void Server::stop() {
  for (const auto& worker : workers_) worker->ask_to_stop();
  for (const auto& worker : workers_) worker->stop();
}

}  // namespace kudp::baseline
