// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <signal.h>

#include <cstdint>

namespace kudp {

// While it lives, SIGINT and SIGTERM are blocked, in threads started meanwhile too, and wait()
// takes delivery of them. So a signal never interrupts a system call of a worker.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;

  // Waits for `ns` nanoseconds or a signal; returns the signal or 0.
  int wait(std::int64_t ns);

 private:
  sigset_t signals_;
  sigset_t before_;
};

}  // namespace kudp
