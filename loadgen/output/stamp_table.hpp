// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "loadgen/stamp/analysis.hpp"
#include "loadgen/stamp/session.hpp"

namespace kudp {

// What a session of at least one reply told, for people, some twelve lines.
std::string table(const StampOptions& options, const StampSession& session,
                  const StampAnalysis& analysis);

}  // namespace kudp
