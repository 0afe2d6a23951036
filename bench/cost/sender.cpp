// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/sender.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <future>
#include <iterator>
#include <sstream>
#include <utility>

#include "bench/cost/process.hpp"

namespace kudp::cost {
namespace {

constexpr int kDiscardPort = 9;
constexpr int kInterrupted = 128 + 2;  // the status of kudp-load when SIGINT ended it

std::string target(const Load& load) {
  return with_port(Network::nobodys_address(load.family), kDiscardPort);
}

bool modprobe(const std::string& arguments, const Namespace& where) {
  return where.run([&] { return std::system(("modprobe " + arguments).c_str()); }) == 0;
}

// kudp_send.ko, a thread of the kernel's that sends over a socket.
class Module final : public RunningServer {
 public:
  Module(const Load& load, bool connected, const Namespace& where)
      : where_(where),
        config_(fmt::format("kudp_send to={} size={} count=0 connected={:d}", target(load),
                            load.size, connected)) {
    if (!modprobe(config_, where_)) throw Unavailable("modprobe " + config_ + ": see the log");
  }
  ~Module() override {
    if (!stopped_) modprobe("-r kudp_send", where_);
  }

  std::string config() const override { return config_; }

  void stop() override {
    std::ifstream file("/sys/module/kudp_send/parameters/result");
    const std::string result(std::istreambuf_iterator<char>(file), {});
    stopped_ = true;
    if (!modprobe("-r kudp_send", where_)) throw std::runtime_error("modprobe -r kudp_send failed");
    if (!result.starts_with("running ") || result.find(" failed=0 ") == result.npos)
      throw std::runtime_error("kudp_send: " + result);
  }

 private:
  const Namespace& where_;
  std::string config_;
  bool stopped_ = false;
};

// kudp-load, which sends batches with one system call each.
class LoadGenerator final : public RunningServer {
 public:
  LoadGenerator(const Load& load, const Namespace& where)
      : process_({"kudp-load", "blast", "--size", std::to_string(load.size), "--warmup", "0",
                  "--duration", "3600", target(load)},
                 where) {}

  std::string config() const override { return process_.command(); }
  void stop() override { process_.stop(kInterrupted); }

 private:
  Process process_;
};

// Linux's own packet generator: it makes each packet anew, as veth allows nothing else, and hands
// it to the device. Its files belong to the namespace of the task that opens and writes them.
class Pktgen final : public RunningServer {
 public:
  Pktgen(const Load& load, const Namespace& where) : where_(where) {
    if (!modprobe("pktgen", where_)) throw Unavailable("this kernel has no pktgen");
    const bool ipv4 = load.family == 4;
    const std::size_t headers = 14 + (ipv4 ? 20 : 40) + 8;
    where_.run([&] {
      write("kpktgend_0", fmt::format("add_device {}", Network::kClientDevice));
      for (const auto& setting :
           {fmt::format("count 0"), fmt::format("pkt_size {}", headers + load.size),
            fmt::format("{} {}", ipv4 ? "dst" : "dst6", Network::nobodys_address(load.family)),
            fmt::format("{} {}", ipv4 ? "src_min" : "src6",
                        Network::client_address(load.family, 0)),
            fmt::format("dst_mac {}", Network::kNobodysMac),
            fmt::format("udp_dst_min {}", kDiscardPort),
            fmt::format("udp_dst_max {}", kDiscardPort)}) {
        write(Network::kClientDevice, setting);
        config_ += ", " + setting;
      }
    });
    // Returns when it is told to stop.
    sending_ = std::async(std::launch::async, [this] {
      where_.enter();
      write("pgctrl", "start");
    });
  }
  ~Pktgen() override {
    if (sending_.valid()) try {
        stop();
      } catch (const std::exception&) {  // what came before is what is told
      }
  }

  std::string config() const override { return config_; }

  void stop() override {
    where_.run([] { write("pgctrl", "stop"); });
    sending_.get();
    where_.run([] { write("kpktgend_0", "rem_device_all"); });
  }

 private:
  static void write(const std::string& name, const std::string& command) {
    const std::string line = command + "\n";
    const Fd file(open(("/proc/thread-self/net/pktgen/" + name).c_str(), O_WRONLY | O_CLOEXEC));
    if (file.get() < 0 ||
        ::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      throw std::runtime_error(
          fmt::format("pktgen: {}: {}: {}", name, command, std::strerror(errno)));
  }

  const Namespace& where_;
  std::string config_ = "pktgen";
  std::future<void> sending_;
};

}  // namespace

std::unique_ptr<RunningServer> start_sender(const Server& sender, const Load& load,
                                            const Network& network) {
  const Namespace& where = network.client();
  if (sender.kind == Kind::socket) return std::make_unique<LoadGenerator>(load, where);
  if (sender.kind == Kind::bypass) return std::make_unique<Pktgen>(load, where);
  return std::make_unique<Module>(load, sender.name == "send-connected", where);
}

Transmitted transmitted(std::string_view text, std::string_view device) {
  std::istringstream lines{std::string(text)};
  const std::string head = std::string(device) + ":";
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    // Eight columns of what came, then bytes, packets, errors and drops of what was sent.
    std::array<std::uint64_t, 12> numbers{};
    words >> name;
    for (auto& number : numbers) words >> number;
    if (name == head && words) return {numbers[9], numbers[10] + numbers[11]};
  }
  throw std::runtime_error(fmt::format("/proc/net/dev: no line of {}", device));
}

TransmitCounter::TransmitCounter(const Namespace& client)
    : file_(
          client.run([] { return Fd(open("/proc/thread-self/net/dev", O_RDONLY | O_CLOEXEC)); })) {
  if (file_.get() < 0) throw std::system_error(errno, std::generic_category(), "/proc/net/dev");
}

Transmitted TransmitCounter::read() const {
  std::array<char, 4096> text;
  const ssize_t length = pread(file_.get(), text.data(), text.size(), 0);
  if (length < 0) throw std::system_error(errno, std::generic_category(), "/proc/net/dev");
  return transmitted({text.data(), static_cast<std::size_t>(length)}, Network::kClientDevice);
}

}  // namespace kudp::cost
