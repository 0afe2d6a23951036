// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

namespace kudp::profile {

// One line of `trace-cmd report -t`.
struct Event {
  std::int64_t ns = 0;  // of the trace's clock
  int cpu = 0;
  int pid = 0;  // of the thread in whose context it happened, which need not be the cause
  std::string comm;
  std::string name;  // "sched_switch"
  std::string text;  // what the event says

  // What follows "name=" in its text, up to the next space.
  std::optional<std::string_view> field(std::string_view name) const;
  // The same as a number: decimal, or hexadecimal for an address.
  std::optional<std::uint64_t> number(std::string_view name) const;
  std::optional<std::uint64_t> address(std::string_view name) const;
};

// Nothing where the line is not an event, such as the header or one that was cut off.
std::optional<Event> parse_event(const std::string& line);

// Reads a report event by event.
class Report {
 public:
  explicit Report(std::istream& input) : input_(input) {}

  std::optional<Event> next();

  // Lines that looked like events and could not be read.
  std::size_t broken() const { return broken_; }

 private:
  std::istream& input_;
  std::size_t broken_ = 0;
};

}  // namespace kudp::profile
