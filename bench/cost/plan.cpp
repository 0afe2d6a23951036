// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <stdexcept>

namespace kudp::cost {
namespace {

constexpr std::size_t kSegments = 16;

Load super_packets(int family, std::size_t in_flight) {
  return {family, 64, in_flight * kSegments, 1, kSegments};
}

}  // namespace

const Server& server_named(std::string_view name) {
  const auto found = std::ranges::find(kServers, name, &Server::name);
  if (found == kServers.end()) {
    std::vector<std::string_view> names;
    for (const Server& server : kServers) names.push_back(server.name);
    throw std::runtime_error(
        fmt::format("--servers {}: want some of {}", name, fmt::join(names, ", ")));
  }
  return *found;
}

std::string Load::name() const {
  if (one_way()) return fmt::format("ipv{}-{}-send", family, size);
  if (segments > 1) return fmt::format("ipv{}-{}-super{}", family, size, burst / segments);
  return fmt::format("ipv{}-{}-burst{}-flows{}", family, size, burst, flows);
}

std::string Load::title() const {
  if (one_way()) return fmt::format("IPv{}, {} bytes, sent and not answered", family, size);
  if (segments > 1)
    return fmt::format("IPv{}, super-packets of {} x {} bytes, {} in flight", family, segments,
                       size, burst / segments);
  return fmt::format("IPv{}, {} bytes, bursts of {}, {} flow{}", family, size, burst, flows,
                     flows == 1 ? "" : "s");
}

std::vector<Load> all_loads() {
  std::vector<Load> loads;
  for (const int family : {4, 6}) {
    for (const std::size_t size : {64, 1024})
      for (const std::size_t flows : {1, 64})
        for (const std::size_t burst : {1, 8, 64}) loads.push_back({family, size, burst, flows, 1});
    for (const std::size_t in_flight : {1, 8}) loads.push_back(super_packets(family, in_flight));
  }
  for (const int family : {4, 6}) loads.push_back({family, 64, 0, 1, 1});
  return loads;
}

std::vector<Load> quick_loads() {
  return {{4, 64, 1, 1, 1}, {4, 64, 64, 1, 1}, {4, 64, 0, 1, 1}};
}

std::vector<Load> matching(const std::vector<Load>& loads,
                           const std::vector<std::string>& patterns) {
  const auto matches = [](const std::string& pattern, const Load& load) {
    return fnmatch(pattern.c_str(), load.name().c_str(), 0) == 0;
  };
  for (const auto& pattern : patterns)
    if (std::ranges::none_of(loads, [&](const Load& load) { return matches(pattern, load); }))
      throw std::runtime_error(fmt::format("--cells {}: no such load; --list tells them", pattern));
  std::vector<Load> chosen;
  for (const Load& load : loads)
    if (std::ranges::any_of(patterns, [&](const auto& pattern) { return matches(pattern, load); }))
      chosen.push_back(load);
  return chosen;
}

bool can_serve(const Server& server, const Load& load) {
  if (server.sends || load.one_way()) return server.sends && load.one_way();
  if (server.name.ends_with("guarded"))
    return load.size == 64 && load.burst == 64 && load.flows == 1 && load.segments == 1;
  if (server.name.ends_with(kPatient) && server.kind == Kind::socket)
    return load.segments > 1 || (load.size == 64 && load.flows == 1);
  return load.segments == 1 ||
         (!server.name.starts_with("af_xdp") && server.name != "softirq-link");
}

}  // namespace kudp::cost
