// SPDX-License-Identifier: GPL-2.0-only
#include "tests/outside/guest.hpp"

#include <cstdio>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "tests/stress/target.hpp"

namespace kudp::outside {
namespace {

const std::string kResponder = "/sys/kernel/config/kudp/r";

std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

// What goes wrong while something else ends is told, not thrown.
void try_in_guest(const std::string& command) {
  try {
    run_in_guest(command);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
  }
}

}  // namespace

std::string output_of_guest(const std::string& command) {
  std::FILE* const pipe = popen(("guest " + quoted(command)).c_str(), "re");
  if (!pipe) throw std::runtime_error("cannot start guest");
  std::string output;
  char bytes[4096];
  for (std::size_t size; (size = fread(bytes, 1, sizeof bytes, pipe)) > 0;)
    output.append(bytes, size);
  if (const int status = pclose(pipe))
    throw std::runtime_error("in the guest: " + command + ": status " + std::to_string(status));
  return output;
}

void run_in_guest(const std::string& command) {
  std::cout << output_of_guest(command);
}

TargetInGuest::TargetInGuest() {
  run_in_guest("modprobe kudp");
  stress::make_silent_namespace(stress::kTarget, run_in_guest);
  run_in_guest(
      "ip link set eth0 down && ip link set eth0 netns kudp-target name kudp-t && "
      "ip -n kudp-target link set kudp-t promisc on");
  stress::set_up_target(run_in_guest);
}

TargetInGuest::~TargetInGuest() {
  try_in_guest(
      "ip -n kudp-target link set kudp-t down && "
      "ip -n kudp-target link set kudp-t netns 1 name eth0 && "
      "ip netns delete kudp-target && rmmod kudp");
}

ResponderInGuest::ResponderInGuest(const guest::Responder::Settings& settings) {
  std::string script = "set -e; mkdir " + kResponder + "; cd " + kResponder + "\n";
  for (const auto& [attribute, value] : settings)
    script += "echo " + value + " >" + attribute + "\n";
  run_in_guest(script + "nsenter --net=/run/netns/kudp-target sh -c 'echo 1 >enabled'");
}

ResponderInGuest::~ResponderInGuest() {
  try_in_guest("rmdir " + kResponder);
}

Readings read_guest() {
  const std::string output =
      output_of_guest("kernel-counters kudp-target kudp-t lo && cat " + kResponder + "/stats");
  const auto stats = output.find("kudp-stats ");
  if (stats == output.npos) throw std::runtime_error("no stats from the guest: " + output);
  Readings readings;
  std::istringstream lines(output.substr(0, stats));
  std::string name;
  for (std::uint64_t value; lines >> name >> value;) readings.kernel[name] = value;
  readings.responder = guest::stats_in(output.substr(stats));
  return readings;
}

}  // namespace kudp::outside
