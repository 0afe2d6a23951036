// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline_thread.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <future>

#include "loadgen/cpus.hpp"

namespace kudp::baseline {

std::thread start_engine(int number, std::optional<int> cpu,
                         std::function<std::unique_ptr<Engine>()> make) {
  std::promise<void> ready;
  auto started = ready.get_future();
  std::thread thread([number, cpu, make = std::move(make), ready = std::move(ready)]() mutable {
    std::unique_ptr<Engine> engine;
    try {
      pthread_setname_np(pthread_self(), fmt::format("baseline/{}", number).c_str());
      if (cpu) pin_to(*cpu);
      engine = make();
    } catch (...) {
      ready.set_exception(std::current_exception());
      return;
    }
    ready.set_value();
    engine->run();
  });
  try {
    started.get();
  } catch (...) {
    thread.join();
    throw;
  }
  return thread;
}

}  // namespace kudp::baseline
