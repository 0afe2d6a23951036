// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "loadgen/output/record.hpp"
#include "loadgen/run/blast.hpp"

namespace kudp {

Record blast_record(const RunOptions& options, const BlastResult& result);

}  // namespace kudp
