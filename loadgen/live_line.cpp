// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/live_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace kudp {
namespace {

constexpr const char* kClear = "\r\033[K";

}  // namespace

LiveLine::LiveLine() : terminal_(isatty(STDERR_FILENO)) {}

LiveLine::~LiveLine() {
  if (terminal_) fmt::print(stderr, "{}", kClear);
}

void LiveLine::show(const Interim& now) {
  if (!terminal_) return;
  const double seconds = static_cast<double>(now.measured - before_.measured) / kSecond;
  const auto rate = [&](std::uint64_t Interim::*total) {
    return static_cast<double>(now.*total - before_.*total) / seconds;
  };
  fmt::print(stderr, "{}{:.0f} s: {:.0f} requests/s, {:.0f} replies/s, {} missing so far", kClear,
             static_cast<double>(now.measured) / kSecond, rate(&Interim::sent),
             rate(&Interim::replies), now.missing);
  std::fflush(stderr);
  before_ = now;
}

}  // namespace kudp
