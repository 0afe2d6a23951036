// SPDX-License-Identifier: GPL-2.0-only
#include "tests/guest/flood.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "tests/guest/system.hpp"

namespace kudp::guest {

using namespace std::chrono_literals;

Flood::Flood(Where where, const std::string& target, unsigned clients) {
  for (unsigned i = 0; i < clients; ++i) clients_.emplace_back(where, target);
  for (auto& client : clients_) threads_.emplace_back([this, &client] { run(client); });
}

Flood::~Flood() {
  stop_ = true;
  resume();
  for (auto& thread : threads_) thread.join();
}

// It takes all the CPU that nobody else wants: what the test does meanwhile need not wait for it.
void Flood::run(Client& client) {
  setpriority(PRIO_PROCESS, gettid(), 19);
  Client::Reply reply;
  for (unsigned n = 0; !stop_; ++n) {
    if (suspended_) {
      ++asleep_;
      suspended_.wait(true);
      --asleep_;
    }
    const std::string request = payload(1 + n % 1400, n);
    sendto(client.fd(), request.data(), request.size(), MSG_DONTWAIT, client.target().data(),
           client.target().length);
    if (n % 16 == 0) std::this_thread::yield();
    while (client.receive(reply, 0)) ++replies_;
  }
}

bool Flood::flows(std::uint64_t more) const {
  const std::uint64_t before = replies_;
  return eventually([&] { return replies_ >= before + more; });
}

void Flood::suspend() {
  suspended_ = true;
  while (asleep_ < threads_.size()) std::this_thread::sleep_for(1ms);
}

void Flood::resume() {
  suspended_ = false;
  suspended_.notify_all();
  while (asleep_ > 0) std::this_thread::sleep_for(1ms);
}

void Flood::drain() {
  Client::Reply reply;
  for (auto& client : clients_)
    while (client.receive(reply, 20)) continue;
}

}  // namespace kudp::guest
