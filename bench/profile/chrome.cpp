// SPDX-License-Identifier: GPL-2.0-only
#include "bench/profile/chrome.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

namespace kudp::profile {
namespace {

enum Process { kCpus = 1, kFunctions = 2, kRequests = 3 };

constexpr std::size_t kMost = 200'000;  // what a browser still opens

double us(std::int64_t ns) {
  return static_cast<double>(ns) / 1000;
}

}  // namespace

void Chrome::add(const Event& event) {
  if (events_.size() > kMost) return;
  if (event.name == "sched_switch") {
    const auto change = parse_switch(event);
    if (!change) return;
    const auto before = running_.find(event.cpu);
    if (before != running_.end() && before->second.first != "swapper")
      events_.push_back({{"ph", "X"},
                         {"pid", int(kCpus)},
                         {"tid", event.cpu},
                         {"name", before->second.first},
                         {"ts", us(before->second.second)},
                         {"dur", us(event.ns - before->second.second)}});
    running_[event.cpu] = {change->next == 0 ? "swapper" : change->next_comm, event.ns};
  } else if (event.name == "funcgraph_entry") {
    const auto end = event.text.find('(');
    const auto begin = event.text.find_last_of(" |", end);
    if (end == event.text.npos || begin == event.text.npos) return;
    const auto name = event.text.substr(begin + 1, end - begin - 1);
    span("B", event, kFunctions, event.pid, name);
    const auto digit = event.text.find_first_of("0123456789");
    if (event.text.find('{', end) != event.text.npos || digit > event.text.find('|')) return;
    Event leaf = event;
    leaf.ns += static_cast<std::int64_t>(std::strtod(event.text.c_str() + digit, nullptr) * 1000);
    span("E", leaf, kFunctions, event.pid, name);
  } else if (event.name == "funcgraph_exit") {
    span("E", event, kFunctions, event.pid, "");
  }
}

void Chrome::span(const char* phase, const Event& event, int process, int thread,
                  std::string name) {
  nlohmann::ordered_json record{
      {"ph", phase}, {"pid", process}, {"tid", thread}, {"ts", us(event.ns)}};
  if (!name.empty()) record["name"] = std::move(name);
  events_.push_back(std::move(record));
}

// Requests overlap, which only asynchronous events may.
void Chrome::add(const Request& r) {
  if (events_.size() > kMost) return;
  const auto id = ++requests_;
  const std::pair<const char*, std::pair<std::int64_t, std::int64_t>> parts[] = {
      {"request", {r.sent, r.returned}},
      {"softirq", {r.arrived, r.delivered}},
      {"queue, wake-up", {r.delivered, r.taken}},
      {"service", {r.taken, r.replied}},
      {"reply", {r.replied, r.left}}};
  for (const auto& [name, time] : parts)
    for (const bool begin : {true, false})
      events_.push_back({{"ph", begin ? "b" : "e"},
                         {"cat", "request"},
                         {"id", id},
                         {"pid", int(kRequests)},
                         {"tid", 0},
                         {"name", name},
                         {"ts", us(begin ? time.first : time.second)}});
}

void Chrome::write(const std::string& path) const {
  nlohmann::ordered_json all{{"displayTimeUnit", "ns"}, {"traceEvents", events_}};
  const std::pair<int, const char*> names[] = {
      {kCpus, "CPUs"}, {kFunctions, "functions, by thread"}, {kRequests, "requests"}};
  for (const auto& [process, name] : names)
    all["traceEvents"].push_back(
        {{"ph", "M"}, {"pid", process}, {"name", "process_name"}, {"args", {{"name", name}}}});
  std::ofstream out(path);
  out << all.dump() << '\n';
  if (!out.flush()) throw std::runtime_error(path + ": cannot be written");
}

}  // namespace kudp::profile
