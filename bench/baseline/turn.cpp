// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline/turn.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <turn.skel.h>

#include <string_view>

#include "bench/baseline/device.hpp"
#include "bench/baseline/turn_counts.h"

namespace kudp::baseline {
namespace {

Totals totals_of(const turn_counts& counts) {
  Totals totals;
  totals.received = counts.received;
  totals.answered = counts.answered;
  totals.refused[static_cast<std::size_t>(Refusal::port_zero)] = counts.port_zero;
  totals.refused[static_cast<std::size_t>(Refusal::own_port)] = counts.own_port;
  return totals;
}

// One of the programs of turn.bpf.c, and what it has counted.
class TurnServer : public Serving {
 public:
  explicit TurnServer(const DeviceOptions& options)
      : device_(find_device(options.device)), held_(options.listen) {
    libbpf_set_print(nullptr);
  }

  const Endpoint& address() const override { return held_.endpoint(); }

  Totals totals() const override {
    Totals totals;
    for (const auto& counts : read()) totals += totals_of(counts);
    return totals;
  }

  std::vector<std::pair<std::string, Totals>> shares() const override {
    std::vector<std::pair<std::string, Totals>> shares;
    const auto counts = read();
    for (std::size_t cpu = 0; cpu < counts.size(); ++cpu)
      if (counts[cpu].received)
        shares.emplace_back(fmt::format("CPU {}", cpu), totals_of(counts[cpu]));
    return shares;
  }

 protected:
  const Device& device() const { return device_; }

  // Returns the program's file descriptor.
  int load(std::string_view name, bool native) {
    programs_.reset(turn_bpf::open());
    if (!programs_) check_bpf(-errno, "turn");
    auto& settings = *programs_->rodata;
    settings.native = native;
    write_target(held_.endpoint(), settings.listen_ipv6, settings.listen_address,
                 settings.listen_port);
    bpf_program *one = nullptr, *wanted = nullptr;
    bpf_object__for_each_program(one, programs_->obj) {
      const bool is_wanted = bpf_program__name(one) == name;
      bpf_program__set_autoload(one, is_wanted);
      if (is_wanted) wanted = one;
    }
    check_bpf(turn_bpf::load(programs_.get()), "turn");
    return bpf_program__fd(wanted);
  }

 private:
  struct Destroy {
    void operator()(turn_bpf* programs) const { turn_bpf::destroy(programs); }
  };

  std::vector<turn_counts> read() const {
    std::vector<turn_counts> counts(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    const unsigned first = 0;
    check_bpf(bpf_map_lookup_elem(bpf_map__fd(programs_->maps.counts), &first, counts.data()),
              "turn: counts");
    return counts;
  }

  const Device device_;
  const HeldAddress held_;
  std::unique_ptr<turn_bpf, Destroy> programs_;
};

class XdpServer final : public TurnServer {
 public:
  explicit XdpServer(const DeviceOptions& options) : TurnServer(options) {
    // Whether it runs in the driver is part of the program, but known only when it is attached.
    if (options.mode == XdpMode::any && attach(XdpMode::native, true)) return;
    const XdpMode mode = options.mode == XdpMode::any ? XdpMode::generic : options.mode;
    attach(mode, false);
  }

  ~XdpServer() override { stop(); }

  std::string description() const override {
    return fmt::format("xdp on {}, {} mode", device().name, link_.native() ? "native" : "generic");
  }

  void stop() override { link_.detach(); }

 private:
  // Returns false instead of throwing where that mode is not to be had and `may_fail`.
  bool attach(XdpMode mode, bool may_fail) {
    const int program = load("turn_xdp", mode == XdpMode::native);
    try {
      link_ = XdpLink(program, device(), mode);
    } catch (const std::runtime_error&) {
      if (may_fail) return false;
      throw;
    }
    return true;
  }

  XdpLink link_;
};

class TcServer final : public TurnServer {
 public:
  explicit TcServer(const DeviceOptions& options)
      : TurnServer(options), filter_(load("turn_tc", false), device()) {}

  ~TcServer() override { stop(); }

  std::string description() const override { return fmt::format("tc on {}", device().name); }

  void stop() override { filter_.detach(); }

 private:
  TcFilter filter_;
};

}  // namespace

std::unique_ptr<Serving> start_xdp(const DeviceOptions& options) {
  return std::make_unique<XdpServer>(options);
}

std::unique_ptr<Serving> start_tc(const DeviceOptions& options) {
  return std::make_unique<TcServer>(options);
}

}  // namespace kudp::baseline
