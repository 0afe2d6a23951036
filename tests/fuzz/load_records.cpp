// SPDX-License-Identifier: GPL-2.0-only
// The files that `kudp-load summary` reads: anything is either refused in one line that names the
// file, or can be compared and printed.
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>

#include "loadgen/output/comparison_tables.hpp"
#include "loadgen/statistics/comparison.hpp"
#include "loadgen/statistics/records.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kudp::comparison;
  std::istringstream file(std::string(reinterpret_cast<const char*>(data), size));
  Records records;
  try {
    records = read_records(file, "x");
  } catch (const std::runtime_error& error) {
    if (!std::string(error.what()).starts_with("x:")) std::abort();
    return 0;
  }
  const auto result = compare(records.runs, {"recvmmsg", "recvfrom"});
  if (tables(result, records.accelerator).empty()) std::abort();
  return 0;
}
