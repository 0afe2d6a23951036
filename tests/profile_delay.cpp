// SPDX-License-Identifier: GPL-2.0-only
//
// To be preloaded: each sendmmsg() or sendto(), as DELAY_AFTER names it, spins DELAY_US after it
// has sent. So a client (sendmmsg) keeps the CPU from a thread that it woke, and a server (sendto)
// its next requests waiting. Both are real-time threads, so that on one CPU who runs is no matter
// of what either has used: first all of the client's burst is sent, then it is served.
#include <dlfcn.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

constexpr int kServerPriority = 10, kClientPriority = 20;

long long now_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

void take_priority(int priority) {
  thread_local const bool taken = [priority] {
    const sched_param parameters{priority};
    return sched_setscheduler(0, SCHED_FIFO, &parameters) == 0;
  }();
  if (!taken) std::abort();
}

void spin_after(const char* call) {
  static const char* const after = std::getenv("DELAY_AFTER");
  static const char* const us = std::getenv("DELAY_US");
  if (!after || !us || std::strcmp(after, call) != 0) return;
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
  take_priority(kClientPriority);
  const int sent = send(fd, messages, count, flags);
  spin_after("sendmmsg");
  return sent;
}

extern "C" ssize_t sendto(int fd, const void* data, size_t bytes, int flags, const sockaddr* to,
                          socklen_t length) {
  static const auto send =
      next<ssize_t(int, const void*, size_t, int, const sockaddr*, socklen_t)>("sendto");
  take_priority(kServerPriority);
  const ssize_t sent = send(fd, data, bytes, flags, to, length);
  spin_after("sendto");
  return sent;
}
