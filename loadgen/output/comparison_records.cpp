// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/comparison_records.hpp"

#include "loadgen/output/comparison_tables.hpp"
#include "loadgen/output/record.hpp"

namespace kudp::comparison {
namespace {

Record json_of(const Row& row, const std::string& reference) {
  Record line{{"record", "summary"},
              {"server", row.server},
              {"loop", row.loop == Loop::closed ? "closed" : "open"}};
  if (row.loop == Loop::open) line["offered_per_s"] = or_null(row.offered_per_s);
  line["valid"] = row.valid;
  line["invalid_repetitions"] = row.invalid;
  line["goodput_per_s"] = or_null(row.goodput_per_s);
  line["loss_ratio"] = or_null(row.loss_ratio);
  line["p50_us"] = or_null(row.p50_us);
  line["p99_of_sent_us"] = or_null(row.p99_us);
  line["p999_us"] = or_null(row.p999_us);
  line["reference"] = reference;
  line["ratio_of"] = row.loop == Loop::closed ? "goodput_per_s" : "p99_of_sent_us";
  const auto ratio = row.ratio;
  line["ratio"] = ratio ? Record(ratio->median) : nullptr;
  line["ratio_low"] = ratio ? Record(ratio->low) : nullptr;
  line["ratio_high"] = ratio ? Record(ratio->high) : nullptr;
  line["pairs"] = ratio ? ratio->pairs : 0;
  line["coverage"] = range_coverage(ratio ? ratio->pairs : 0);
  line["verdict"] = name_of(row.claim);
  return line;
}

}  // namespace

std::string json_lines(const Comparison& comparison, const std::string& accelerator) {
  const Record environment{{"record", "environment"},
                           {"accelerator", accelerator},
                           {"sentence", environment_sentence(accelerator)}};
  std::string lines = environment.dump() + "\n";
  for (const Row& row : comparison.rows) lines += json_of(row, comparison.reference).dump() + "\n";
  return lines;
}

}  // namespace kudp::comparison
