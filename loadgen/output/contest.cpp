// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/contest.hpp"

#include <fmt/format.h>

namespace kudp {
namespace {

std::string standing_line(const Standing& standing, const char* unit) {
  const auto& interval = standing.interval;
  return fmt::format("{:<24}{:>3} valid runs  ", standing.target, standing.valid) +
         (interval ? fmt::format("{} {:.1f} [{:.1f}, {:.1f}]\n", unit, interval->median,
                                 interval->low, interval->high)
                   : fmt::format("too few, want {}\n", kFewest));
}

std::string winner_line(const Contest& contest) {
  if (contest.wins)
    return fmt::format("{} wins: its interval is better than all others, with no overlap\n",
                       contest.standings[*contest.leader].target);
  return contest.leader ? "no winner: the generator was the limit\n"
                        : "no winner: intervals overlap\n";
}

}  // namespace

std::vector<Record> contest_records(const Contest& contest) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < contest.standings.size(); ++i) {
    const Standing& standing = contest.standings[i];
    const auto& interval = standing.interval;
    Record record{{"record", "contest"},
                  {"server", standing.target},
                  {"figure", contest.open ? "p99_of_sent_us" : "goodput_per_s"},
                  {"valid", standing.valid},
                  {"repetitions", contest.repetitions}};
    record["median"] = interval ? Record(interval->median) : Record();
    record["low"] = interval ? Record(interval->low) : Record();
    record["high"] = interval ? Record(interval->high) : Record();
    record["winner"] = contest.wins && *contest.leader == i;
    record["generator_limited"] = standing.limited;
    records.push_back(std::move(record));
  }
  return records;
}

std::string contest_text(const Contest& contest) {
  std::string text;
  for (const Standing& standing : contest.standings)
    text += standing_line(standing, contest.open ? "p99 us" : "goodput/s");
  text += winner_line(contest);
  for (const Standing& standing : contest.standings)
    if (standing.limited > 0)
      text += fmt::format("{}: the generator was the limit in {} runs; the target may be faster\n",
                          standing.target, standing.limited);
  text += "Medians with their 95 % intervals; targets in random order within each repetition.\n";
  return text;
}

}  // namespace kudp
