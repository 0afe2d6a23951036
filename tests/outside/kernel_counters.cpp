// SPDX-License-Identifier: GPL-2.0-only
// Prints what a kernel counts in a network namespace, for who looks at it from another machine.
#include "tests/stress/kernel_counters.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') {
    std::fprintf(stderr,
                 "Usage: kernel-counters NETNS [DEVICE]...\nPrints lines \"NAME VALUE\".\n");
    return 64;
  }
  try {
    const kudp::stress::KernelCounters counters(argv[1], {argv + 2, argv + argc});
    for (const auto& [name, value] : counters.read())
      std::printf("%s %llu\n", name.c_str(), static_cast<unsigned long long>(value));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kernel-counters: %s\n", error.what());
    return 1;
  }
}
