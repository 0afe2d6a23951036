// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/interrupt.hpp"

#include <algorithm>

#include "loadgen/base/clock.hpp"

namespace kudp {

Interrupt::Interrupt() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

Interrupt::~Interrupt() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int Interrupt::wait(std::int64_t ns) {
  const auto time = to_timespec(std::max<std::int64_t>(ns, 0));
  return std::max(sigtimedwait(&signals_, nullptr, &time), 0);
}

}  // namespace kudp
