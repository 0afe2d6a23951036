// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "loadgen/output/record.hpp"
#include "loadgen/stamp/analysis.hpp"
#include "loadgen/stamp/session.hpp"

namespace kudp {

// One for each reply, then one of the session.
Record stamp_reply_record(const StampReply& reply);
Record stamp_record(const StampOptions& options, const StampSession& session,
                    const StampAnalysis& analysis);

}  // namespace kudp
