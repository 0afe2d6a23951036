// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

#include "loadgen/output/report.hpp"
#include "loadgen/stamp/session.hpp"

namespace kudp {

// The subcommand `stamp`: a session sender (RFC 8762) against any reflector.
void add_stamp_command(CLI::App& app);

// docs/records.md describes them: one for each reply, then one of the session.
Record stamp_reply_record(const StampReply& reply);
Record stamp_record(const StampOptions& options, const StampSession& session,
                    const StampAnalysis& analysis);

}  // namespace kudp
