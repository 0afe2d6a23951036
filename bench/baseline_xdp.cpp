// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline_xdp.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <xdp_echo.skel.h>

#include "bench/baseline_device.hpp"
#include "bench/xdp_counts.h"

namespace kudp::baseline {
namespace {

Totals totals_of(const xdp_counts& counts) {
  Totals totals;
  totals.received = counts.received;
  totals.answered = counts.answered;
  totals.refused[static_cast<std::size_t>(Refusal::port_zero)] = counts.port_zero;
  totals.refused[static_cast<std::size_t>(Refusal::own_port)] = counts.own_port;
  return totals;
}

class XdpServer final : public Serving {
 public:
  explicit XdpServer(const DeviceOptions& options)
      : device_(find_device(options.device)), held_(options.listen) {
    // Whether it runs in the driver is part of the program, but known only when it is attached.
    if (options.mode == XdpMode::any && attach(XdpMode::native, true)) return;
    const XdpMode mode = options.mode == XdpMode::any ? XdpMode::generic : options.mode;
    attach(mode, false);
  }

  ~XdpServer() override { stop(); }

  const Endpoint& address() const override { return held_.endpoint(); }

  std::string description() const override {
    return fmt::format("xdp on {}, {} mode", device_.name, link_.native() ? "native" : "generic");
  }

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

  void stop() override { link_.detach(); }

 private:
  struct Destroy {
    void operator()(xdp_echo_bpf* program) const { xdp_echo_bpf::destroy(program); }
  };

  // Returns false instead of throwing where that mode is not to be had and `may_fail`.
  bool attach(XdpMode mode, bool may_fail) {
    program_.reset(xdp_echo_bpf::open());
    if (!program_) check_bpf(-errno, "xdp");
    auto& settings = *program_->rodata;
    settings.native = mode == XdpMode::native;
    write_target(held_.endpoint(), settings.listen_ipv6, settings.listen_address,
                 settings.listen_port);
    check_bpf(xdp_echo_bpf::load(program_.get()), "xdp");
    try {
      link_ = XdpLink(bpf_program__fd(program_->progs.xdp_echo), device_, mode);
    } catch (const std::runtime_error&) {
      if (may_fail) return false;
      throw;
    }
    return true;
  }

  std::vector<xdp_counts> read() const {
    std::vector<xdp_counts> counts(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    const unsigned first = 0;
    check_bpf(bpf_map_lookup_elem(bpf_map__fd(program_->maps.counts), &first, counts.data()),
              "xdp: counts");
    return counts;
  }

  const Device device_;
  const HeldAddress held_;
  std::unique_ptr<xdp_echo_bpf, Destroy> program_;
  XdpLink link_;
};

}  // namespace

std::unique_ptr<Serving> start_xdp(const DeviceOptions& options) {
  libbpf_set_print(nullptr);
  return std::make_unique<XdpServer>(options);
}

}  // namespace kudp::baseline
