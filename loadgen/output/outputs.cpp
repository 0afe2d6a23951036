// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/outputs.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "loadgen/output/header.hpp"
#include "loadgen/output/openmetrics.hpp"
#include "loadgen/output/percentile_text.hpp"
#include "loadgen/output/run_record.hpp"
#include "loadgen/output/table.hpp"

namespace kudp {

Outputs::Outputs(const OutputArguments& arguments)
    : quiet_(arguments.quiet),
      json_(arguments.json),
      hgrm_("--hgrm", arguments.hgrm),
      openmetrics_("--openmetrics", arguments.openmetrics) {
  const int on_stdout = json_.on_stdout() + hgrm_.on_stdout() + openmetrics_.on_stdout();
  if (on_stdout > 1) throw std::runtime_error("only one of --json, --hgrm, --openmetrics can be -");
  quiet_ |= on_stdout > 0;
  json_.write(header_record());
}

void Outputs::write(const Interim& interim) {
  json_.write(interval_record(interim));
}

void Outputs::write(const RunOptions& options, const RunResult& result, const Verdict& verdict) {
  json_.write(run_record(options, result, verdict));
  if (hgrm_) hgrm_.write(percentile_text(result.latency));
  if (openmetrics_) openmetrics_.write(openmetrics(options, result, verdict));
  if (!quiet_) fmt::print("{}", table(options, result, verdict));
}

}  // namespace kudp
