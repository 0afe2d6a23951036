// SPDX-License-Identifier: GPL-2.0-only
#include "bench/profile_compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <stdexcept>

#include "bench/profile_report.hpp"

namespace kudp::profile {
namespace {

struct Side {
  std::string server, load, clock;
  std::map<std::string, double> mean;
  double whole = 0;
  bool net = false;  // less what tracing added
};

Side side_of(const std::vector<Json>& records) {
  Side side;
  for (const Json& record : records) {
    if (record.at("record") == "header") {
      side.server = record.at("server");
      side.load = record.at("load");
      side.clock = record.at("clock");
    } else if (record.at("record") == "stage") {
      side.net = record.contains("net_ns");
      (record.at("stage") == "whole" ? side.whole : side.mean[record.at("stage")]) =
          record.at(side.net ? "net_ns" : "mean_ns");
    }
  }
  if (side.server.empty() || side.whole <= 0)
    throw std::runtime_error("want stages.json of make profile, with a header and all stages");
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
  const double of_all = 100 * difference / (b.whole - a.whole);
  auto text = fmt::format("{:<8} {} {:.0f}, {} {:.0f}: ", stage, a.server, a.mean.at(stage),
                          b.server, b.mean.at(stage));
  if (std::abs(difference) < 0.01 * std::max(a.whole, b.whole))
    text += "about the same";
  else
    text += fmt::format("{} spends {:.0f} more there, {:.0f} % of the difference",
                        difference > 0 ? b.server : a.server, std::abs(difference), of_all);
  return fmt::format("{} ({})\n", text, meaning(stage));
}

}  // namespace

std::string compare_text(const std::vector<Json>& first, const std::vector<Json>& second) {
  const Side a = side_of(first), b = side_of(second);
  if (a.load != b.load || a.clock != b.clock || a.net != b.net)
    throw std::runtime_error(fmt::format("the loads or clocks differ: {} and {}", a.load, b.load));
  std::vector<std::pair<std::string, double>> differences;
  for (const auto& [stage, mean] : a.mean)
    if (b.mean.contains(stage)) differences.emplace_back(stage, b.mean.at(stage) - mean);
  std::ranges::stable_sort(differences, std::greater(),
                           [](const auto& entry) { return std::abs(entry.second); });
  auto text = fmt::format(
      "{}: a request takes {} {:.0f} and {} {:.0f} {}{}, from the client's device and back to "
      "it.\n",
      a.load, a.server, a.whole, b.server, b.whole,
      a.clock == "instructions" ? "instructions" : "ns", a.net ? ", less tracing" : "");
  for (const auto& [stage, difference] : differences) text += line(stage, a, b, difference);
  return text;
}

int compare(const std::string& a, const std::string& b) {
  fmt::print("{}", compare_text(read_records(a), read_records(b)));
  return 0;
}

}  // namespace kudp::profile
