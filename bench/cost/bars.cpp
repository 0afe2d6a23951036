// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/bars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

namespace kudp::cost {
namespace {

constexpr Load kSingle{4, 64, 1, 1, 1};
constexpr Load kBursts{4, 64, 64, 1, 1};
constexpr Load kBurstsIpv6{6, 64, 64, 1, 1};
constexpr Load kFlows{4, 64, 64, 64, 1};
constexpr Load kOneSuper{4, 64, 16, 1, 16};
constexpr Load kEightSuper{4, 64, 128, 1, 16};

std::optional<double> over(std::optional<double> value, std::optional<double> by) {
  if (!value || !by || *by <= 0) return std::nullopt;
  return *value / *by;
}

std::optional<double> less(std::optional<double> value, std::optional<double> by) {
  if (!value || !by) return std::nullopt;
  return *value - *by;
}

// The bars were set from the XDP program in generic mode, and stay there: tc has a lower floor.
class Figures {
 public:
  explicit Figures(const std::vector<Section>& sections) : sections_(sections) {}

  std::optional<double> total(const Load& load, std::string_view server) const {
    const Row* const found = row(load, server);
    return found ? found->cell.instructions() : std::nullopt;
  }
  std::optional<double> above_xdp(const Load& load, std::string_view server) const {
    return less(total(load, server), total(load, "xdp"));
  }
  std::optional<double> ratio(const Load& load, std::string_view server) const {
    return over(above_xdp(load, server), less(best_socket(load), total(load, "xdp")));
  }
  std::optional<double> best_socket(const Load& load) const {
    const auto section = std::ranges::find(sections_, load, &Section::load);
    return section == sections_.end() ? std::nullopt : total(load, section->best);
  }

 private:
  const Row* row(const Load& load, std::string_view server) const {
    const auto section = std::ranges::find(sections_, load, &Section::load);
    if (section == sections_.end()) return nullptr;
    const auto found =
        std::ranges::find(section->rows, server, [](const Row& row) { return row.cell.server; });
    return found == section->rows.end() ? nullptr : &*found;
  }

  const std::vector<Section>& sections_;
};

}  // namespace

std::vector<Bar> bars(const std::vector<Section>& sections) {
  const Figures figures(sections);
  std::vector<Bar> all;
  const auto add = [&all](std::string what, std::optional<double> value,
                          std::optional<double> limit) {
    if (value && limit) all.push_back({std::move(what), *value, *limit});
  };
  add("softirq, bursts of 64: above the XDP program", figures.above_xdp(kBursts, "softirq"), 750);
  add("softirq, bursts of 64: above the XDP program, over the best socket server's",
      figures.ratio(kBursts, "softirq"), 0.1);
  add("kthread, bursts of 64: above the XDP program", figures.above_xdp(kBursts, "kthread"), 1000);
  add("kthread, bursts of 64: above the XDP program, over the best socket server's",
      figures.ratio(kBursts, "kthread"), 1.0 / 7);
  add("softirq-link, bursts of 64: total, against the XDP program's",
      figures.total(kBursts, "softirq-link"), figures.total(kBursts, "xdp"));
  add("softirq, bursts of 1: total, against the best socket server's in bursts of 64",
      figures.total(kSingle, "softirq"), figures.best_socket(kBursts));
  for (const std::string_view server : {"softirq", "kthread"})
    add(fmt::format("{}, 64 flows: above the XDP program, over the same with one flow", server),
        over(figures.above_xdp(kFlows, server), figures.above_xdp(kBursts, server)), 1.1);
  add("softirq, one super-packet: total, over the best socket server's",
      over(figures.total(kOneSuper, "softirq"), figures.best_socket(kOneSuper)), 0.6);
  add("softirq, 8 super-packets: total, over the best socket server's",
      over(figures.total(kEightSuper, "softirq"), figures.best_socket(kEightSuper)), 0.7);
  add("kthread, 8 super-packets: total, over the best socket server's",
      over(figures.total(kEightSuper, "kthread"), figures.best_socket(kEightSuper)), 0.75);
  for (const Load& load : {kBursts, kBurstsIpv6}) {
    const auto unguarded = figures.total(load, "softirq-unguarded");
    const char* const family = load.family == 4 ? "" : ", IPv6";
    add(fmt::format("the guard's default rules{}: added cost", family),
        less(figures.total(load, "softirq"), unguarded), 60);
    add(fmt::format("all of the guard's rules, 4,096 prefixes{}: added cost", family),
        less(figures.total(load, "softirq-guarded"), unguarded), 250);
  }
  return all;
}

std::string lines(const std::vector<Bar>& bars) {
  if (bars.empty()) return "";
  std::string text = "\nGoals (64 bytes; IPv4 unless stated)\n";
  for (const Bar& bar : bars) {
    const int digits = bar.limit < 10 ? 3 : 0;
    fmt::format_to(std::back_inserter(text), "  {:<7}  {}: {:.{}f}, at most {:.{}f}\n",
                   bar.met() ? "met" : "NOT MET", bar.what, bar.value, digits, bar.limit, digits);
  }
  return text;
}

}  // namespace kudp::cost
