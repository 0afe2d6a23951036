// SPDX-License-Identifier: GPL-2.0-only
#include "bench/profile/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <stdexcept>

#include "bench/profile/report.hpp"

namespace kudp::profile {
namespace {

constexpr std::size_t kFunctions = 8;  // of those that differ most

// Of one request: how often a function is called, and its own time.
struct Function {
  double calls = 0, self = 0;
};

struct Side {
  std::string server, load, clock;
  std::map<std::string, double> mean;
  double whole = 0;
  double cost = 0;      // of a request, tracing off; 0: unknown
  double switches = 0;  // between threads, for a request, tracing off
  bool net = false;     // less what tracing added
  std::map<std::string, Function> functions;
};

Side side_of(const std::vector<Json>& records) {
  Side side;
  double traced = 0;  // requests in the function tree, whose record is before the functions'
  for (const Json& record : records) {
    if (record.at("record") == "header") {
      side.server = record.at("server");
      side.load = record.at("load");
      side.clock = record.at("clock");
    } else if (record.at("record") == "stage") {
      side.net = record.contains("net_ns");
      (record.at("stage") == "whole" ? side.whole : side.mean[record.at("stage")]) =
          record.at(side.net ? "net_ns" : "mean_ns");
    } else if (record.at("record") == "price" && record.at("tracing") == "off") {
      side.cost = record.at("ns_per_request");
      side.switches = record.value("switches_per_request", 0.0);
    } else if (record.at("record") == "functions") {
      traced = record.at("requests");
    } else if (record.at("record") == "function" && traced > 0) {
      side.functions[record.at("function")] = {record.at("calls").get<double>() / traced,
                                               record.at("self_ns").get<double>() / traced};
    }
  }
  if (side.server.empty() || side.whole <= 0)
    throw std::runtime_error("want profile.json of make profile, with a header and all stages");
  return side;
}

const char* meaning(const std::string& stage) {
  static const std::map<std::string, const char*> kMeanings{
      {"softirq", "from the device's interrupt to UDP's finding the socket"},
      {"queue", "waiting for the server, which is busy with others"},
      {"wake-up", "the server's thread is woken and waits for its CPU"},
      {"service", "from the server's taking it to its reply's reaching IP"},
      {"reply", "the reply's way through IP to the device"},
      {"rest", "on the wire, and not explained"}};
  const auto found = kMeanings.find(stage);
  return found == kMeanings.end() ? "" : found->second;
}

std::string line(const std::string& stage, const Side& a, const Side& b, double difference) {
  auto text = fmt::format("{:<8} {} {:.0f}, {} {:.0f}: ", stage, a.server, a.mean.at(stage),
                          b.server, b.mean.at(stage));
  const Side& slower = difference > 0 ? b : a;
  if (std::abs(difference) < 0.01 * std::max(a.whole, b.whole))
    text += "about the same";
  else
    text += fmt::format("{} spends {:.0f} more there, {:.0f} % of its whole", slower.server,
                        std::abs(difference), 100 * std::abs(difference) / slower.whole);
  return fmt::format("{} ({})\n", text, meaning(stage));
}

using Differences = std::vector<std::pair<std::string, double>>;

// The largest first.
void sort(Differences& differences) {
  std::ranges::stable_sort(differences, std::greater(),
                           [](const auto& entry) { return std::abs(entry.second); });
}

std::string cost_text(const Side& a, const Side& b, const char* unit) {
  if (a.cost <= 0 || b.cost <= 0) return {};
  const Side &cheap = a.cost < b.cost ? a : b, &dear = a.cost < b.cost ? b : a;
  return fmt::format(
      "It costs {} {:.0f} and {} {:.0f} {}, tracing off: {} {:.1f} % more; with {:.2f} and {:.2f} "
      "context switches.\n",
      a.server, a.cost, b.server, b.cost, unit, dear.server, 100 * (dear.cost / cheap.cost - 1),
      a.switches, b.switches);
}

// Stages tell how long a request waits, also for others; functions tell what work there is.
std::string functions_text(const Side& a, const Side& b, const char* unit) {
  if (a.functions.empty() || b.functions.empty()) return {};
  std::map<std::string, std::pair<Function, Function>> both;
  for (const auto& [name, function] : a.functions) both[name].first = function;
  for (const auto& [name, function] : b.functions) both[name].second = function;
  Differences differences;
  for (const auto& [name, pair] : both)
    differences.emplace_back(name, pair.second.self - pair.first.self);
  sort(differences);
  differences.resize(std::min(differences.size(), kFunctions));
  auto text = fmt::format("Functions that differ most, in {} of their own for a request:\n", unit);
  for (const auto& [name, difference] : differences) {
    const auto& [in_a, in_b] = both.at(name);
    text += fmt::format("{:<28} {} {:.0f} in {:.2f} calls, {} {:.0f} in {:.2f}: {} {:.0f} more\n",
                        name, a.server, in_a.self, in_a.calls, b.server, in_b.self, in_b.calls,
                        difference > 0 ? b.server : a.server, std::abs(difference));
  }
  return text;
}

}  // namespace

std::string compare_text(const std::vector<Json>& first, const std::vector<Json>& second) {
  const Side a = side_of(first), b = side_of(second);
  if (a.load != b.load || a.clock != b.clock || a.net != b.net)
    throw std::runtime_error(fmt::format("the loads or clocks differ: {} and {}", a.load, b.load));
  Differences differences;
  for (const auto& [stage, mean] : a.mean)
    if (b.mean.contains(stage)) differences.emplace_back(stage, b.mean.at(stage) - mean);
  sort(differences);
  const char* const unit = a.clock == "instructions" ? "instructions" : "ns";
  auto text = fmt::format(
      "{}: a request takes {} {:.0f} and {} {:.0f} {}{}, from the client's device and back to "
      "it.\n",
      a.load, a.server, a.whole, b.server, b.whole, unit, a.net ? ", less tracing" : "");
  text += cost_text(a, b, unit);
  for (const auto& [stage, difference] : differences) text += line(stage, a, b, difference);
  return text + functions_text(a, b, unit);
}

int compare(const std::string& a, const std::string& b) {
  fmt::print("{}", compare_text(read_records(a), read_records(b)));
  return 0;
}

}  // namespace kudp::profile
