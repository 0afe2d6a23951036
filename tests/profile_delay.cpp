// SPDX-License-Identifier: GPL-2.0-only
//
// To be preloaded: each sendmmsg() or sendto(), as DELAY_AFTER names it, spins DELAY_US after it
// has sent, in a thread that no other preempts. So a client keeps the CPU from a thread that it
// woke, and a server its next requests waiting.
#include <dlfcn.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

long long now_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

void spin_after(const char* call) {
  static const char* const after = std::getenv("DELAY_AFTER");
  static const char* const us = std::getenv("DELAY_US");
  if (!after || !us || std::strcmp(after, call) != 0) return;
  thread_local const bool alone = [] {
    const sched_param priority{10};
    return sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
  }();
  if (!alone) std::abort();
  for (const auto end = now_ns() + std::atoll(us) * 1000; now_ns() < end;)
    ;
}

template <class Call>
Call* next(const char* name) {
  return reinterpret_cast<Call*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags) {
  static const auto send = next<int(int, mmsghdr*, unsigned int, int)>("sendmmsg");
  const int sent = send(fd, messages, count, flags);
  spin_after("sendmmsg");
  return sent;
}

extern "C" ssize_t sendto(int fd, const void* data, size_t bytes, int flags, const sockaddr* to,
                          socklen_t length) {
  static const auto send =
      next<ssize_t(int, const void*, size_t, int, const sockaddr*, socklen_t)>("sendto");
  const ssize_t sent = send(fd, data, bytes, flags, to, length);
  spin_after("sendto");
  return sent;
}
