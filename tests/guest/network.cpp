// SPDX-License-Identifier: GPL-2.0-only
#include "tests/guest/network.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstring>
#include <stdexcept>
#include <system_error>

#include "tests/guest/system.hpp"

namespace kudp::guest {

void make_network() {
  run("ip link set lo up");
  run("ip netns add kudp-client");
  run("ip link add kudp-s type veth peer name kudp-c netns kudp-client");
  run("ip address add 198.18.1.1/24 dev kudp-s");
  run("ip address add 198.18.1.2/24 dev kudp-s");
  run("ip address add fd00:6b75:6470:1::1/64 dev kudp-s nodad");
  run("ip address add fd00:6b75:6470:1::2/64 dev kudp-s nodad");
  run("ip link set kudp-s up");
  run("ip -n kudp-client address add 198.18.1.9/24 dev kudp-c");
  run("ip -n kudp-client address add fd00:6b75:6470:1::9/64 dev kudp-c nodad");
  run("ip -n kudp-client link set kudp-c up");
  run("ip -n kudp-client link set lo up");
}

void remove_network() {
  run("ip link delete kudp-s");
  run("ip netns delete kudp-client");
}

std::string at(const std::string& address, int port) {
  const bool v6 = address.find(':') != address.npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

namespace {

void join(const Fd& netns, const char* name) {
  if (setns(netns.get(), CLONE_NEWNET))
    throw std::system_error(errno, std::generic_category(), std::string("setns ") + name);
}

// Takes the calling thread back to where it was.
class Home {
 public:
  ~Home() { join(netns_, "back"); }

 private:
  const Fd netns_{open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
};

}  // namespace

void enter(Where where) {
  if (where == Where::kHere) return;
  join(Fd(open("/run/netns/kudp-client", O_RDONLY | O_CLOEXEC)), "kudp-client");
}

void in_namespace(const std::string& name, const std::function<void()>& what) {
  const Home home;
  join(Fd(open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC)), name.c_str());
  what();
}

Fd socket_in(Where where, int family, int type) {
  const Home home;
  enter(where);
  Fd fd(socket(family, type | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) throw std::system_error(errno, std::generic_category(), "socket");
  return fd;
}

Fd udp_socket(Where where, int family) {
  Fd fd = socket_in(where, family, SOCK_DGRAM);
  const timeval patience{kPatienceMs / 1000, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

Client::Client(Where where, const std::string& target)
    : target_(resolve(target)), fd_(udp_socket(where, target_.family())) {
  const int bytes = 4 << 20;
  setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  setsockopt(fd(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
}

void Client::send(const std::string& payload) {
  if (sendto(fd(), payload.data(), payload.size(), 0, target_.data(), target_.length) < 0)
    throw std::system_error(errno, std::generic_category(), "sendto");
}

bool Client::receive(Reply& reply, int timeout_ms) {
  pollfd ready{fd(), POLLIN, 0};
  if (poll(&ready, 1, timeout_ms) <= 0) return false;
  reply.payload.resize(65536);
  Endpoint from;
  from.length = sizeof from.address;
  const ssize_t length = recvfrom(fd(), reply.payload.data(), reply.payload.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from.address), &from.length);
  if (length < 0) throw std::system_error(errno, std::generic_category(), "recvfrom");
  reply.payload.resize(length);
  reply.from = from.str();
  return true;
}

std::string payload(std::size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  unsigned state = seed * 2654435761u + 12345;
  for (auto& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace kudp::guest
