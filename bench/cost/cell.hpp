// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <istream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/cost/plan.hpp"

namespace kudp::cost {

// Passes that differ by more do not agree, and one of them is wrong.
inline constexpr double kAgreement = 0.01;

// One server under one load, measured once or more.
struct Cell {
  std::string server;
  Load load{};
  std::string config;
  std::uint64_t requests = 0;  // of one pass
  std::uint64_t lost = 0;      // of all passes
  std::vector<double> passes;  // instructions per request
  double idle = 0;             // nanoseconds per request that the CPU had nothing to do
  bool unavailable = false;    // this module or program does not have that server
  std::string failure;         // why there is no figure; empty: there is one

  // The mean of all passes, where each has a figure.
  std::optional<double> instructions() const;
  // How far apart the passes are, relative to the least; nothing if there was but one.
  std::optional<double> deviation() const;
  bool agrees() const { return deviation().value_or(0) <= kAgreement; }
};

nlohmann::ordered_json record_of(const Cell& cell);

// The cells of a file of records. Throws std::runtime_error that names the line.
std::vector<Cell> read_cells(std::istream& input, const std::string& name);

}  // namespace kudp::cost
