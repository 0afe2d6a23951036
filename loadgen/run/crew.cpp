// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/crew.hpp"

#include <algorithm>

#include "loadgen/base/cpus.hpp"

namespace kudp {
namespace {

constexpr std::int64_t kLook = 100 * kMillisecond;
constexpr std::int64_t kLookAfterTheEnd = 5 * kMillisecond;

}  // namespace

Crew::Crew(Plan& plan, std::size_t threads, const std::vector<int>& cpus,
           const std::function<void(std::size_t)>& work)
    : Crew(plan, threads) {  // so that the destructor has those that were started end
  for (std::size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this, i, work, cpus] {
      try {
        if (!cpus.empty()) pin_to(cpus[i % cpus.size()]);
        work(i);
      } catch (...) {
        errors_[i] = std::current_exception();
        plan_.stop(now_ns(), 0);
      }
      at_work_.fetch_sub(1, std::memory_order_release);
    });
}

Crew::~Crew() {
  plan_.stop(now_ns(), 0);
}

int Crew::supervise(Interrupt& interrupt, std::int64_t patience,
                    const std::function<void(std::int64_t now)>& look) {
  int signal = 0;
  while (at_work_.load(std::memory_order_acquire) > 0) {
    const auto now = now_ns();
    if (look) look(now);
    const auto until = now < plan_.begin ? plan_.begin : plan_.end.load();
    const auto pause = now < until ? std::min(kLook, until - now) : kLookAfterTheEnd;
    if (const int here = interrupt.wait(pause)) {
      signal = here;
      plan_.stop(now_ns(), patience);
    }
  }
  return signal;
}

void Crew::join() {
  threads_.clear();
  for (const auto& error : errors_)
    if (error) std::rethrow_exception(error);
}

}  // namespace kudp
