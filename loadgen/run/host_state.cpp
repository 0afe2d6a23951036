// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/host_state.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>

#include "loadgen/base/clock.hpp"

namespace kudp {
namespace {

// /proc/net/snmp: a line of names after "Udp:", then one of their values.
std::uint64_t udp4_count(std::string_view wanted) {
  std::ifstream file("/proc/net/snmp");
  std::string names, values;
  while (std::getline(file, names) && !names.starts_with("Udp:")) continue;
  std::getline(file, values);
  std::istringstream name(names), value(values);
  for (std::string key, number; name >> key && value >> number;)
    if (key == wanted) return std::stoull(number);
  return 0;
}

std::uint64_t udp6_count(std::string_view wanted) {
  std::ifstream file("/proc/net/snmp6");
  std::string key;
  for (std::uint64_t number; file >> key >> number;)
    if (key == wanted) return number;
  return 0;
}

std::uint64_t udp_count(const std::string& name) {
  return udp4_count(name) + udp6_count("Udp6" + name);
}

}  // namespace

HostState read_host_state() {
  HostState state;
  state.receive_drops = udp_count("RcvbufErrors");
  state.send_drops = udp_count("SndbufErrors");
  std::ifstream("/sys/devices/system/clocksource/clocksource0/current_clocksource") >>
      state.clocksource;
  state.raw = now_ns(CLOCK_MONOTONIC_RAW);
  state.monotonic = now_ns();
  state.realtime = now_ns(CLOCK_REALTIME);
  return state;
}

double clock_drift(const HostState& before, const HostState& after) {
  const auto raw = after.raw - before.raw;
  return raw <= 0 ? 0
                  : static_cast<double>(after.monotonic - before.monotonic - raw) /
                        static_cast<double>(raw);
}

std::uint64_t send_drops(const HostState& before, const HostState& after,
                         std::uint64_t short_sends) {
  const auto grown = after.send_drops - before.send_drops;
  return grown - std::min(grown, short_sends);
}

std::int64_t clock_step(const HostState& before, const HostState& after) {
  return (after.realtime - after.monotonic) - (before.realtime - before.monotonic);
}

}  // namespace kudp
