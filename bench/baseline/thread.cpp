// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline/thread.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <future>
#include <system_error>

#include "loadgen/base/cpus.hpp"

namespace kudp::baseline {
namespace {

void be_patient() {
  const sched_param none{};
  if (const int error = pthread_setschedparam(pthread_self(), SCHED_BATCH, &none))
    throw std::system_error(error, std::generic_category(), "SCHED_BATCH");
}

}  // namespace

std::thread start_engine(int number, std::optional<int> cpu, bool patient,
                         std::function<std::unique_ptr<Engine>()> make) {
  std::promise<void> ready;
  auto started = ready.get_future();
  std::thread thread(
      [number, cpu, patient, make = std::move(make), ready = std::move(ready)]() mutable {
        std::unique_ptr<Engine> engine;
        try {
          pthread_setname_np(pthread_self(), fmt::format("baseline/{}", number).c_str());
          if (cpu) pin_to(*cpu);
          if (patient) be_patient();
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
