// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "loadgen/statistics/comparison.hpp"

namespace kudp::comparison {

// What a measurement can and cannot tell, by the accelerator that the machine ran on.
std::string environment_sentence(const std::string& accelerator);

// The comparison as tables for people, with what they say and do not say.
std::string tables(const Comparison& comparison, const std::string& accelerator);

}  // namespace kudp::comparison
