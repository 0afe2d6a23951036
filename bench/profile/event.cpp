// SPDX-License-Identifier: GPL-2.0-only
#include "bench/profile/event.hpp"

#include <charconv>

namespace kudp::profile {
namespace {

// trace-cmd has the name of an instance before each of its lines.
constexpr std::string_view kInstance = "kudp-profile: ";

template <class Number>
std::optional<Number> to_number(std::string_view digits, int base = 10) {
  Number value{};
  const auto end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc() || rest == digits.data()) return std::nullopt;
  return value;
}

// "8.463932123" with any number of digits after the point; or nanoseconds without one, as trace-cmd
// has them where the global buffer's clock, which is not ours, is another than "local" or "mono".
std::optional<std::int64_t> to_ns(std::string_view text) {
  const auto point = text.find('.');
  if (point == text.npos) {
    if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
    return to_number<std::int64_t>(text);
  }
  const auto seconds = to_number<std::int64_t>(text.substr(0, point));
  std::string fraction(text.substr(point + 1));
  if (!seconds || fraction.empty() || fraction.find_first_not_of("0123456789") != fraction.npos)
    return std::nullopt;
  fraction.resize(9, '0');
  return *seconds * 1'000'000'000 + *to_number<std::int64_t>(fraction);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

std::optional<std::string_view> Event::field(std::string_view key) const {
  const std::string_view all = text;
  for (std::size_t at = 0; (at = all.find(key, at)) != all.npos; at += key.size()) {
    const auto end = at + key.size();
    const bool begins = at == 0 || all[at - 1] == ' ' || all[at - 1] == '(';
    if (!begins || end >= all.size() || all[end] != '=') continue;
    return all.substr(end + 1, all.find_first_of(" ,)", end + 1) - end - 1);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Event::number(std::string_view key) const {
  const auto value = field(key);
  return value ? to_number<std::uint64_t>(*value) : std::nullopt;
}

std::optional<std::uint64_t> Event::address(std::string_view key) const {
  auto value = field(key);
  if (!value) return std::nullopt;
  if (value->starts_with("0x")) value->remove_prefix(2);
  return to_number<std::uint64_t>(*value, 16);
}

// "  COMM-PID   [CPU]  SECONDS.NS: NAME:   TEXT"; a COMM may hold spaces, dashes and brackets, so
// it is read from the CPU, the first "[digits]" that a time follows, backwards.
std::optional<Event> parse_event(const std::string& line) {
  const std::string_view all = line;
  for (std::size_t open = 0; (open = all.find(" [", open)) != all.npos; ++open) {
    const auto close = all.find(']', open);
    if (close == all.npos) return std::nullopt;
    const auto cpu = to_number<int>(all.substr(open + 2, close - open - 2));
    const auto rest = trimmed(all.substr(close + 1));
    const auto colon = rest.find(": ");
    if (!cpu || colon == rest.npos) continue;
    auto before = trimmed(all.substr(0, open));
    if (before.starts_with(kInstance)) before = trimmed(before.substr(kInstance.size()));
    const auto dash = before.rfind('-');
    const auto ns = to_ns(rest.substr(0, colon));
    const auto told = trimmed(rest.substr(colon + 1));
    const auto name = told.find(':');
    if (!ns || dash == before.npos || name == told.npos) continue;
    const auto pid = to_number<int>(before.substr(dash + 1));
    if (!pid) continue;
    // Leading spaces of the text are the depth of a function_graph line, and stay.
    const auto at = all.find(told.substr(0, name + 1), close) + name + 1;
    return Event{*ns,
                 *cpu,
                 *pid,
                 std::string(before.substr(0, dash)),
                 std::string(told.substr(0, name)),
                 std::string(all.substr(std::min(at, all.size())))};
  }
  return std::nullopt;
}

std::optional<Event> Report::next() {
  for (std::string line; std::getline(input_, line);) {
    if (auto event = parse_event(line)) return event;
    // What trace-cmd says of itself: "cpus=1", "CPU 0 is empty", "version = 7".
    if (line.find(" [0") != line.npos) ++broken_;
  }
  return std::nullopt;
}

}  // namespace kudp::profile
