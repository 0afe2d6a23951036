// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "bench/cost/process.hpp"
#include "bench/cost/sender.hpp"

namespace kudp::cost {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kSubsystem = "/sys/kernel/config/kudp";
constexpr const char* kFolder = "/sys/kernel/config/kudp/cost";

// A responder of the module, in configfs.
class Responder final : public RunningServer {
 public:
  Responder(const Settings& settings, const Namespace& where) {
    rmdir(kFolder);  // of a run that was killed
    if (mkdir(kFolder, 0755)) throw std::system_error(errno, std::generic_category(), kFolder);
    try {
      for (const auto& [name, value] : settings) set(name, value);
      where.run([this] { set("enabled", "1"); });  // it serves where this is written
    } catch (...) {
      rmdir(kFolder);
      throw;
    }
  }
  ~Responder() override {
    if (!stopped_) rmdir(kFolder);
  }

  std::string config() const override { return fmt::format("{}", fmt::join(config_, " ")); }

  void stop() override {
    stopped_ = true;
    if (rmdir(kFolder)) throw std::system_error(errno, std::generic_category(), kFolder);
  }

 private:
  void set(const std::string& name, const std::string& value) {
    const auto lines = std::ranges::count(value, '\n');
    const std::string setting = name + "=" + (lines ? fmt::format("({} prefixes)", lines) : value);
    const Fd file(open((std::string(kFolder) + "/" + name).c_str(), O_WRONLY | O_CLOEXEC));
    if (file.get() < 0 || !write_all(file, value))
      throw Unavailable(fmt::format("{}: {}", setting, std::strerror(errno)));
    config_.push_back(setting);
  }

  // A list, a line for each prefix, may be longer than what configfs takes at once.
  static bool write_all(const Fd& file, std::string_view value) {
    while (!value.empty()) {
      const ssize_t written = write(file.get(), value.data(), value.size());
      if (written <= 0) return false;
      value.remove_prefix(written);
    }
    return true;
  }

  std::vector<std::string> config_;
  bool stopped_ = false;
};

// Each lets in a part of the network that the client is in.
std::string allowed_prefixes(int family) {
  std::string list;
  for (int i = 0; i < 4096; ++i)
    list += family == 4 ? fmt::format("+198.{}.{}.{}/27\n", 18 + i / 2048, i / 8 % 256, i % 8 * 32)
                        : fmt::format("+fd00:6b75:6470:{:x}::/64\n", i);
  return list;
}

// The rules of the guard, all off or all on, with rates that are never reached.
Settings guard_of(const Server& server, int family) {
  if (server.name == "softirq-unguarded")
    return {{"guard_low_port", "0"}, {"guard_responder_port", "0"}, {"guard_hop_limit", "0"}};
  if (server.name == "softirq-guarded")
    return {{"allow", allowed_prefixes(family)}, {"rate", "50000000"}, {"rate_prefix", "50000000"}};
  return {};
}

Settings settings_of(const Server& server, const Load& load) {
  const bool link = server.name == "softirq-link";
  Settings settings{{"engine", std::string(server.name.substr(0, server.name.find('-')))},
                    {"address", Network::server_address(load.family)},
                    {"port", std::to_string(kServerPort)}};
  const Settings guard = guard_of(server, load.family);
  settings.insert(settings.end(), guard.begin(), guard.end());
  if (link) settings.emplace_back("turnaround", "link");
  // The control gets its datagrams one at a time, as it always did.
  if (load.segments > 1 && server.name != "classic") settings.emplace_back("gro", "1");
  return settings;
}

std::vector<std::string> baseline_of(const Server& server, const Load& load) {
  std::string_view name = server.name;
  const bool patient = name.ends_with(kPatient);
  if (patient) name.remove_suffix(kPatient.size());
  std::vector<std::string> words{"kudp-baseline", std::string(name), "--listen",
                                 with_port(Network::server_address(load.family), kServerPort)};
  if (server.kind == Kind::bypass) words.insert(words.end(), {"--device", Network::kServerDevice});
  // Native mode wants GRO or XDP at the other end of the veth.
  if (name.ends_with("xdp")) words.insert(words.end(), {"--mode", "generic"});
  if (name == "io_uring" && load.segments == 1) words.push_back("--no-segments");
  if (patient) words.push_back("--patient");
  return words;
}

}  // namespace

std::unique_ptr<RunningServer> start(const Server& server, const Load& load,
                                     const Network& network) {
  if (server.sends) return start_sender(server, load, network);
  if (server.kind == Kind::kernel)
    return std::make_unique<Responder>(settings_of(server, load), network.server());
  return std::make_unique<BaselineProcess>(baseline_of(server, load), network.server());
}

void load_module() {
  if (access(kSubsystem, F_OK) == 0) return;
  if (std::system("modprobe kudp") != 0 || access(kSubsystem, F_OK) != 0)
    throw std::runtime_error("the module kudp cannot be loaded");
}

}  // namespace kudp::cost
