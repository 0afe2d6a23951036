// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "loadgen/run/run.hpp"
#include "loadgen/run/verdict.hpp"

namespace kudp {

// The result of a run for people, some fifteen lines.
std::string table(const RunOptions& options, const RunResult& result, const Verdict& verdict);

}  // namespace kudp
