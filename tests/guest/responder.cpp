// SPDX-License-Identifier: GPL-2.0-only
#include "tests/guest/responder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <sstream>
#include <stdexcept>

#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

const std::string kRoot = "/sys/kernel/config/kudp/";

}  // namespace

Responder::Responder(const std::string& name, const Settings& settings) : path_(kRoot + name) {
  if (mkdir(path_.c_str(), 0755))
    throw std::runtime_error("mkdir " + path_ + ": " + std::strerror(errno));
  for (const auto& [attribute, value] : settings)
    if (const int error = set(attribute, value)) {
      rmdir(path_.c_str());
      throw std::runtime_error(attribute + "=" + value + ": " + std::strerror(error));
    }
}

Responder::~Responder() {
  rmdir(path_.c_str());
}

int Responder::set(const std::string& attribute, std::string_view value) {
  return write_file(path_ + "/" + attribute, value);
}

std::string Responder::get(const std::string& attribute) const {
  std::string value = read_file(path_ + "/" + attribute);
  if (value.ends_with('\n')) value.pop_back();
  return value;
}

Counters Responder::stats() const {
  return stats_of(path_.substr(kRoot.size()));
}

Counters Responder::settled(std::uint64_t received) const {
  return settled_of(path_.substr(kRoot.size()), received);
}

Counters settled_of(const std::string& name, std::uint64_t received) {
  Counters counters;
  const bool settled = eventually([&] {
    counters = stats_of(name);
    return counters["received"] >= received && adds_up(counters);
  });
  if (!settled)
    throw std::runtime_error(name + " does not come to rest at " + std::to_string(received) +
                             " datagrams:\n" + read_file(kRoot + name + "/stats"));
  return counters;
}

Counters stats_of(const std::string& name) {
  return stats_in(read_file(kRoot + name + "/stats"));
}

Counters stats_in(const std::string& stats) {
  std::istringstream text(stats);
  std::string version;
  std::getline(text, version);
  if (version != "kudp-stats 1") throw std::runtime_error("stats version " + version);
  Counters counters;
  std::string counter;
  for (std::uint64_t value; text >> counter >> value;) counters[counter] = value;
  return counters;
}

std::vector<Counters> workers_of(const std::string& name) {
  std::istringstream text(read_file("/proc/net/kudp"));
  std::string line, responder, column;
  std::getline(text, line);
  std::getline(text, line);
  std::istringstream header(line);
  std::vector<std::string> columns;
  header >> responder;
  while (header >> column) columns.push_back(column);

  std::vector<Counters> workers;
  while (std::getline(text, line)) {
    std::istringstream row(line);
    row >> responder;
    if (responder != name) continue;
    Counters counters;
    for (const auto& each : columns) row >> counters[each];
    workers.push_back(counters);
  }
  return workers;
}

bool adds_up(const Counters& counters) {
  std::uint64_t sum = 0;
  for (const auto& [counter, value] : counters)
    if (counter != "received" && counter != "cpu") sum += value;
  return sum == counters.at("received");
}

}  // namespace kudp::guest
