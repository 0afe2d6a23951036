// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/socket.hpp"

#include <sys/socket.h>

#include "loadgen/base/fail.hpp"

namespace kudp {

Fd open_udp(const Endpoint& target, int flags) {
  Fd socket(::socket(target.family(), SOCK_DGRAM | SOCK_CLOEXEC | flags, 0));
  if (socket.get() < 0) fail("socket");
  return socket;
}

void connect_to(const Fd& socket, const Endpoint& target, const char* doing) {
  if (connect(socket.get(), target.data(), target.length)) fail(doing + target.str());
}

void set_option(int socket, int level, int option, int value, const char* name) {
  if (setsockopt(socket, level, option, &value, sizeof value)) fail(name);
}

void set_receive_buffer(int socket, int bytes) {
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes))
    set_option(socket, SOL_SOCKET, SO_RCVBUF, bytes, "SO_RCVBUF");
}

void set_send_buffer(int socket, int bytes) {
  if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes))
    set_option(socket, SOL_SOCKET, SO_SNDBUF, bytes, "SO_SNDBUF");
}

}  // namespace kudp
