// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/cpus.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <system_error>

namespace kudp {

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set))
    throw std::system_error(errno, std::generic_category(), "sched_getaffinity");
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  return cpus;
}

std::vector<int> parse_cpus(std::string_view text) {
  const auto allowed = allowed_cpus();
  std::vector<int> cpus;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (bool more = true; more;) {
    unsigned first = 0, last = 0;
    auto parsed = std::from_chars(at, end, first);
    last = first;
    if (parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == '-')
      parsed = std::from_chars(parsed.ptr + 1, end, last);
    if (parsed.ec != std::errc() || (parsed.ptr != end && *parsed.ptr != ',') || first > last)
      throw std::runtime_error(fmt::format("{}: want a CPU list such as 0,2-5", text));
    for (unsigned number = first; number <= last; ++number) {
      const int cpu = static_cast<int>(number);
      if (!std::ranges::binary_search(allowed, cpu))
        throw std::runtime_error(fmt::format("{}: this process may not run on CPU {}", text, cpu));
      cpus.push_back(cpu);
    }
    more = parsed.ptr != end;
    at = parsed.ptr + more;
  }
  return cpus;
}

void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set))
    throw std::system_error(errno, std::generic_category(), fmt::format("pin to CPU {}", cpu));
}

}  // namespace kudp
