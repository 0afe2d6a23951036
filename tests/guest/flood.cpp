// SPDX-License-Identifier: GPL-2.0-only
#include "tests/guest/flood.hpp"

#include <linux/udp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <system_error>

namespace kudp::guest {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kClients = 2;

// A socket that keeps UDP's static keys for encap_rcv on. Else each socket of the module that comes
// first or goes last would have the kernel patch code that the flood is running through. QEMU
// before 8.1, emulating several CPUs, may then go on running what it translated halfway: a
// breakpoint that is no longer there, and the kernel dies of it.
Fd hold_encap_keys() {
  Fd held = udp_socket(Where::kHere, AF_INET6);
  const int type = UDP_ENCAP_L2TPINUDP;
  if (setsockopt(held.get(), IPPROTO_UDP, UDP_ENCAP, &type, sizeof type) != 0)
    throw std::system_error(errno, std::generic_category(), "UDP_ENCAP");
  return held;
}

}  // namespace

Flood::Flood(Where where, const std::string& target) : encap_keys_(hold_encap_keys()) {
  for (unsigned i = 0; i < kClients; ++i) clients_.emplace_back(where, target);
  for (auto& client : clients_) threads_.emplace_back([this, &client] { run(client); });
}

Flood::~Flood() {
  stop_ = true;
  resume();
  for (auto& thread : threads_) thread.join();
}

void Flood::run(Client& client) {
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
  for (int i = 0; i < 1000 && replies_ < before + more; ++i) std::this_thread::sleep_for(10ms);
  return replies_ >= before + more;
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
