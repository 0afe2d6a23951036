// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/live_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace kudp {
namespace {

constexpr const char* kClear = "\r\033[K";

}  // namespace

LiveLine::LiveLine() : terminal_(isatty(STDERR_FILENO)) {}

LiveLine::~LiveLine() {
  if (terminal_) fmt::print(stderr, "{}", kClear);
}

void LiveLine::show(const Interim& interim) {
  if (!terminal_) return;
  here_.sent += interim.sent;
  here_.replies += interim.replies;
  here_.latency.merge(interim.latency);
  sent_ += interim.sent;
  missing_ += interim.missing;
  if (interim.to - here_.from < kSecond) return;
  here_.to = interim.to;
  fmt::print(stderr, "{}{}", kClear, line());
  std::fflush(stderr);
  here_ = {};
  here_.from = interim.to;
}

std::string LiveLine::line() const {
  const double seconds = static_cast<double>(here_.to - here_.from) / kSecond;
  const auto p99 =
      here_.replies == 0
          ? std::string("-")
          : fmt::format("{:.1f} us",
                        static_cast<double>(here_.latency.percentile(99)) / kMicrosecond);
  return fmt::format("{:.0f} s: {:.0f}/s sent, {:.0f}/s answered, p99 {}, loss so far {:.3f} %",
                     static_cast<double>(here_.to) / kSecond,
                     static_cast<double>(here_.sent) / seconds,
                     static_cast<double>(here_.replies) / seconds, p99,
                     sent_ == 0 ? 0
                                : 100 * static_cast<double>(std::max<std::int64_t>(missing_, 0)) /
                                      static_cast<double>(sent_));
}

}  // namespace kudp
