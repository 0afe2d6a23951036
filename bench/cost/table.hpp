// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/cost/cell.hpp"

namespace kudp::cost {

struct Row {
  Cell cell;
  std::optional<double> above;  // what it costs more than the floor under the same load
  std::optional<double> ratio;  // of that to the same of the best socket server
};

// All servers under one load.
struct Section {
  Load load;
  std::string best;  // the cheapest socket server; empty: there is none
  std::vector<Row> rows;
};

// By load, in the order they come.
std::vector<Section> sections(const std::vector<Cell>& cells);

// The sections for people, with what the figures can and cannot tell.
std::string tables(const std::vector<Section>& sections);

// What was wrong, a line for each; empty: each cell has a figure, and where there was a second
// pass, that confirms it.
std::string complaints(const std::vector<Cell>& cells);

// How well the passes agree, where nothing was wrong.
std::string confirmation(const std::vector<Cell>& cells);

}  // namespace kudp::cost
