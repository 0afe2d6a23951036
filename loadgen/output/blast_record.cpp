// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/blast_record.hpp"

namespace kudp {

Record blast_record(const RunOptions& options, const BlastResult& result) {
  return {{"record", "blast"},
          {"target", options.target.str()},
          {"size", options.size},
          {"flows", options.flows},
          {"threads", options.threads},
          {"pinned_to", options.cpus},
          {"batch", options.batch},
          {"gso", options.gso},
          {"backend", options.backend == Backend::packet ? "packet" : "sendmmsg"},
          {"warmup_s", static_cast<double>(options.warmup) / kSecond},
          {"duration_s", static_cast<double>(result.measured) / kSecond},
          {"sent", result.sent},
          {"sent_per_s", result.sent_per_s()},
          {"refused", result.refused},
          {"no_room", result.no_room},
          {"send_drops", result.send_drops},
          {"interrupted", result.signal != 0}};
}

}  // namespace kudp
