// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/cell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace kudp::cost {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json figure(const std::optional<double>& value, double steps) {
  return value ? ordered_json(std::round(*value * steps) / steps) : ordered_json(nullptr);
}

std::optional<double> pass(const Cell& cell, std::size_t index) {
  return index < cell.passes.size() ? std::optional(cell.passes[index]) : std::nullopt;
}

Cell cell_of(const json& record) {
  Cell cell;
  cell.server = server_named(record.at("server").get<std::string>()).name;
  cell.load = {record.at("family").get<int>(), record.at("size").get<std::size_t>(),
               record.at("burst").get<std::size_t>(), record.at("flows").get<std::size_t>(),
               record.at("segments").get<std::size_t>()};
  cell.config = record.at("config").get<std::string>();
  cell.requests = record.at("requests").get<std::uint64_t>();
  cell.lost = record.at("lost").get<std::uint64_t>();
  for (const char* key : {"first", "second"})
    if (record.contains(key) && !record[key].is_null())
      cell.passes.push_back(record[key].get<double>());
  cell.idle = record.at("idle_ns_per_request").get<double>();
  cell.unavailable = record.at("unavailable").get<bool>();
  cell.failure = record.at("failure").get<std::string>();
  return cell;
}

}  // namespace

std::optional<double> Cell::instructions() const {
  if (!failure.empty() || passes.empty()) return std::nullopt;
  return std::accumulate(passes.begin(), passes.end(), 0.0) / static_cast<double>(passes.size());
}

std::optional<double> Cell::deviation() const {
  if (!failure.empty() || passes.size() < 2) return std::nullopt;
  const auto [least, most] = std::ranges::minmax(passes);
  return most / least - 1;
}

ordered_json record_of(const Cell& cell) {
  return {{"record", "cell"},
          {"server", cell.server},
          {"config", cell.config},
          {"load", cell.load.name()},
          {"family", cell.load.family},
          {"size", cell.load.size},
          {"burst", cell.load.burst},
          {"flows", cell.load.flows},
          {"segments", cell.load.segments},
          {"vcpus", 1},
          {"requests", cell.requests},
          {"lost", cell.lost},
          {"instructions_per_request", figure(cell.instructions(), 10)},
          {"first", figure(pass(cell, 0), 10)},
          {"second", figure(pass(cell, 1), 10)},
          {"deviation", figure(cell.deviation(), 10000)},
          {"idle_ns_per_request", figure(cell.idle, 10)},
          {"unavailable", cell.unavailable},
          {"failure", cell.failure}};
}

std::vector<Cell> read_cells(std::istream& input, const std::string& name) {
  std::vector<Cell> cells;
  std::string line;
  for (int number = 1; std::getline(input, line); ++number) try {
      const json record = json::parse(line);
      if (record.at("record") == "cell") cells.push_back(cell_of(record));
    } catch (const std::exception& error) {
      throw std::runtime_error(fmt::format("{}:{}: {}", name, number, error.what()));
    }
  if (cells.empty()) throw std::runtime_error(fmt::format("{}: no cell records", name));
  return cells;
}

}  // namespace kudp::cost
