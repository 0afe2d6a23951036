// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/extent.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace kudp::stress {

int extent(int brief, int full) {
  const char* given = std::getenv("FULL");
  return given && std::string(given) == "1" ? full : brief;
}

std::mt19937 seeded() {
  // An empty one is what `make` hands on where none was given.
  const char* given = std::getenv("SEED");
  const unsigned seed = given && *given ? std::stoul(given) : std::random_device{}();
  std::printf("SEED=%u\n", seed);
  std::fflush(stdout);
  return std::mt19937(seed);
}

}  // namespace kudp::stress
