// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/header.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "loadgen/base/version.hpp"

namespace kudp {
namespace {

constexpr int kSchema = 1;

std::string utc_now() {
  const auto now = std::time(nullptr);
  std::tm parts;
  char text[sizeof "2000-01-01T00:00:00Z"];
  std::strftime(text, sizeof text, "%FT%TZ", gmtime_r(&now, &parts));
  return text;
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      if (const auto colon = line.find(": "); colon != line.npos) return line.substr(colon + 2);
  return "unknown";
}

std::vector<std::string> command_line() {
  std::vector<std::string> arguments;
  std::ifstream file("/proc/self/cmdline");
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

}  // namespace

Record header_record() {
  utsname system;
  uname(&system);
  return {{"record", "header"},
          {"schema", kSchema},
          {"tool", "kudp-load"},
          {"version", kVersion},
          {"command", command_line()},
          {"time", utc_now()},
          {"kernel", system.release},
          {"cpu", cpu_model()},
          {"cpus", sysconf(_SC_NPROCESSORS_ONLN)}};
}

}  // namespace kudp
