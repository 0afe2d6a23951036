// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "loadgen/base/clock.hpp"

namespace kudp {

// The machine-readable output: JSON lines, a header record first; docs/records.md describes each.
using Record = nlohmann::ordered_json;

// What was not measured is null, not 0.
template <class Value>
Record or_null(const std::optional<Value>& value) {
  return value ? Record(*value) : Record();
}

// Nanoseconds as the microseconds of a record, none of them beyond the nanosecond.
template <class Number>
double us(Number ns) {
  return std::round(static_cast<double>(ns)) / kMicrosecond;
}

}  // namespace kudp
