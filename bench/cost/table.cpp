// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace kudp::cost {
namespace {

// Less of the time than this is not worth a word.
constexpr double kIdleWorthSaying = 0.001;

constexpr const char* kMeaning = R"(
Instructions that the guest executes for each request: client, network and server together.
"above floor" is the server's own part: its cost above a BPF program at tc ingress that sends the
datagram back before the stack sees it. "of best" is the ratio of that part to the same part of the
best userspace socket server, which is marked *.
These figures count work, not time: caches, lock contention, and the cost of real interrupts and
devices are not included, and on one vCPU client and server take turns.
REP MOVSB and the like, with which the kernel copies and clears memory, count once for each byte,
more than on a real CPU. scripts/cost --no-erms counts by words, which favours servers that copy,
the XDP program most: generic mode copies each datagram to make room in front of it.
)";

constexpr const char* kSendersMeaning = R"(
Senders: instructions for each datagram that the device transmits, including its path through the
veth to where IP drops it as early as it can, which is the same for all. Their floor is Linux's
pktgen, which has no socket and builds each packet anew. "of best" is the ratio to what kudp-load's
sendmmsg adds to that.
)";

std::optional<double> instructions_of(const std::vector<Row>& rows, std::string_view server) {
  for (const Row& row : rows)
    if (row.cell.server == server) return row.cell.instructions();
  return std::nullopt;
}

std::string best_socket_server(const std::vector<Row>& rows) {
  std::string best;
  double least = std::numeric_limits<double>::infinity();
  for (const Row& row : rows) {
    const double value = row.cell.instructions().value_or(least);
    if (server_named(row.cell.server).kind != Kind::socket || value >= least) continue;
    best = row.cell.server;
    least = value;
  }
  return best;
}

void compare(Section& section) {
  section.best = best_socket_server(section.rows);
  const auto floor = instructions_of(section.rows, section.load.floor());
  const auto best = instructions_of(section.rows, section.best);
  if (!floor) return;
  for (Row& row : section.rows) {
    if (const auto value = row.cell.instructions()) row.above = *value - *floor;
    if (row.above && best && *best > *floor) row.ratio = *row.above / (*best - *floor);
  }
}

// 12345.6 as "12,346".
std::string grouped(std::optional<double> value) {
  if (!value) return "-";
  auto text = fmt::format("{:.0f}", std::abs(std::round(*value)));
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(at, 1, ',');
  return (std::round(*value) < 0 ? "-" : "") + text;
}

std::string note(const Row& row) {
  const Cell& cell = row.cell;
  if (!cell.failure.empty())
    return (cell.unavailable ? "unavailable: " : "FAILED: ") + cell.failure;
  std::string text;
  const double total = *cell.instructions();
  if (!cell.agrees()) text = fmt::format("passes differ by {:.1f} %", 100 * *cell.deviation());
  if (cell.idle > kIdleWorthSaying * total)
    text += fmt::format("{}idle {:.1f} % of the time, not counted", text.empty() ? "" : "; ",
                        100 * cell.idle / (total + cell.idle));
  return text;
}

}  // namespace

std::vector<Section> sections(const std::vector<Cell>& cells) {
  std::vector<Section> all;
  for (const Cell& cell : cells) {
    auto section = std::ranges::find(all, cell.load, &Section::load);
    if (section == all.end()) section = all.insert(all.end(), {cell.load, "", {}});
    section->rows.push_back({cell, std::nullopt, std::nullopt});
  }
  for (Section& section : all) compare(section);
  return all;
}

std::string tables(const std::vector<Section>& all) {
  std::string text;
  const auto to = std::back_inserter(text);
  for (const Section& section : all) {
    if (!text.empty()) text += "\n";
    const bool one_way = section.load.one_way();
    fmt::format_to(to, "{}\n  {:<20}  {:>9}  {:>11}  {:>7}\n", section.load.title(),
                   one_way ? "sender" : "server", "total", one_way ? "over pktgen" : "above floor",
                   "of best");
    for (const Row& row : section.rows) {
      auto line = fmt::format("{} {:<20}  {:>9}  {:>11}  {:>7}  {}",
                              row.cell.server == section.best ? '*' : ' ', row.cell.server,
                              grouped(row.cell.instructions()), grouped(row.above),
                              row.ratio ? fmt::format("{:.3f}", *row.ratio) : "-", note(row));
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
  }
  const auto of_senders = [](const Section& section) { return section.load.one_way(); };
  if (!std::ranges::all_of(all, of_senders)) text += kMeaning;
  if (std::ranges::any_of(all, of_senders)) text += kSendersMeaning;
  return text;
}

std::string complaints(const std::vector<Cell>& cells) {
  std::string text;
  const auto to = std::back_inserter(text);
  for (const Cell& cell : cells) {
    if (!cell.failure.empty())
      fmt::format_to(to, "{}, {}: {}: {}\n", cell.server, cell.load.name(),
                     cell.unavailable ? "unavailable" : "failed", cell.failure);
    else if (!cell.agrees())
      fmt::format_to(to, "{}, {}: the passes differ by {:.1f} %\n", cell.server, cell.load.name(),
                     100 * *cell.deviation());
  }
  return text;
}

std::string confirmation(const std::vector<Cell>& cells) {
  double worst = 0;
  for (const Cell& cell : cells) {
    if (!cell.deviation()) return "Measured once: whether the figures repeat was not checked.\n";
    worst = std::max(worst, *cell.deviation());
  }
  return fmt::format(
      "{} cells, no request lost; the two passes of each agree within 1 % (at worst {:.2f} %).\n",
      cells.size(), 100 * worst);
}

}  // namespace kudp::cost
