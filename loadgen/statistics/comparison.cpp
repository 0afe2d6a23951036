// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/comparison.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace kudp::comparison {
namespace {

using Figure = std::optional<double> Run::*;

// Runs of one server under one load.
struct Series {
  std::string server;
  Loop loop = Loop::closed;
  std::size_t level = 0;  // of offered load; open loop only
  std::vector<const Run*> runs;

  std::optional<double> median_of(Figure figure) const {
    std::vector<double> values;
    for (const Run* run : runs)
      if (run->valid && run->*figure) values.push_back(*(run->*figure));
    return median(std::move(values));
  }
};

// Offered loads that differ by less than this are the same load: a generator that reports what it
// really sent never sends exactly the same twice.
constexpr double kSameLoad = 1.05;

// The lowest load of each level, ascending.
std::vector<double> load_levels(const std::vector<Run>& runs) {
  std::vector<double> loads, levels;
  for (const Run& run : runs)
    if (run.loop == Loop::open && run.offered_per_s) loads.push_back(*run.offered_per_s);
  std::ranges::sort(loads);
  for (const double load : loads)
    if (levels.empty() || load > levels.back() * kSameLoad) levels.push_back(load);
  return levels;
}

std::vector<Series> group(const std::vector<Run>& runs) {
  const auto levels = load_levels(runs);
  std::vector<Series> all;
  for (const Run& run : runs) {
    std::size_t level = 0;
    if (run.loop == Loop::open && run.offered_per_s)
      level = static_cast<std::size_t>(std::ranges::upper_bound(levels, *run.offered_per_s) -
                                       levels.begin());
    auto series = std::ranges::find_if(all, [&](const Series& one) {
      return one.server == run.server && one.loop == run.loop && one.level == level;
    });
    if (series == all.end()) {
      all.push_back({run.server, run.loop, level, {}});
      series = all.end() - 1;
    }
    series->runs.push_back(&run);
  }
  std::ranges::stable_sort(
      all, {}, [](const Series& one) { return std::pair(one.loop == Loop::open, one.level); });
  return all;
}

std::string strongest(const std::vector<Series>& all, const std::vector<std::string>& candidates) {
  std::string best;
  double best_goodput = 0;
  for (const Series& series : all) {
    if (series.loop != Loop::closed || !std::ranges::count(candidates, series.server)) continue;
    const auto goodput = series.median_of(&Run::goodput_per_s);
    if (!goodput || *goodput <= best_goodput) continue;
    best = series.server;
    best_goodput = *goodput;
  }
  return best;
}

std::map<int, double> by_repetition(const Series& series, Figure figure) {
  std::map<int, double> values;
  for (const Run* run : series.runs)
    if (run->valid && run->*figure) values[run->repetition] = *(run->*figure);
  return values;
}

// A ratio within each repetition: what disturbed the machine meanwhile disturbed both servers.
std::optional<Ratio> ratio_of(const Series& series, const Series& reference, Figure figure) {
  const auto base = by_repetition(reference, figure);
  std::vector<double> ratios;
  for (const auto& [repetition, value] : by_repetition(series, figure))
    if (const auto same = base.find(repetition); same != base.end() && same->second > 0)
      ratios.push_back(value / same->second);
  const auto pairs = ratios.size();
  const auto range = range_of(std::move(ratios));
  return range ? std::optional(Ratio{*range, pairs}) : std::nullopt;
}

bool any_valid(const Series& series, bool (*holds)(const Run&)) {
  return std::ranges::any_of(series.runs,
                             [&](const Run* run) { return run->valid && holds(*run); });
}

bool hides_p99(const Series& series) {
  return series.loop == Loop::open && any_valid(series, [](const Run& run) { return !run.p99_us; });
}

bool is_limited(const Series& series) {
  return any_valid(series, [](const Run& run) { return run.generator_limited; });
}

Claim claim_for(const Row& row, const Series& series, const Series& reference) {
  if (series.server == reference.server) return row.ratio ? Claim::reference : Claim::unmeasured;
  if (hides_p99(series) || hides_p99(reference)) return Claim::lossy;
  if (!row.ratio) return Claim::unmeasured;
  if (row.ratio->pairs < kClaimPairs) return Claim::too_few;
  // A goodput that was the generator's is the least that the server can do: enough to win by.
  if (row.ratio->low > 1 ? is_limited(reference) : is_limited(series)) return Claim::limited;
  const bool more_is_faster = row.loop == Loop::closed;
  if (row.ratio->low > 1) return more_is_faster ? Claim::faster : Claim::slower;
  if (row.ratio->high < 1) return more_is_faster ? Claim::slower : Claim::faster;
  return Claim::undecided;
}

// What was asked of the server holds for invalid runs too.
std::optional<double> offered_to(const Series& series) {
  std::vector<double> loads;
  for (const Run* run : series.runs)
    if (run->offered_per_s) loads.push_back(*run->offered_per_s);
  return median(std::move(loads));
}

Row row_of(const Series& series) {
  Row row;
  row.server = series.server;
  row.loop = series.loop;
  row.goodput_per_s = series.median_of(&Run::goodput_per_s);
  row.loss_ratio = series.median_of(&Run::loss_ratio);
  row.p50_us = series.median_of(&Run::p50_us);
  row.p99_us = series.median_of(&Run::p99_us);
  row.p999_us = series.median_of(&Run::p999_us);
  if (series.loop == Loop::open) row.offered_per_s = offered_to(series);
  for (const Run* run : series.runs)
    if (!run->valid) row.invalid.push_back(run->repetition);
  row.valid = series.runs.size() - row.invalid.size();
  return row;
}

}  // namespace

std::string_view name_of(Claim claim) {
  switch (claim) {
    case Claim::reference:
      return "reference";
    case Claim::faster:
      return "faster";
    case Claim::slower:
      return "slower";
    case Claim::undecided:
      return "no difference shown";
    case Claim::too_few:
      return "too few repetitions";
    case Claim::lossy:
      return "p99 unknown, over 1 % lost";
    case Claim::limited:
      return "the generator was the limit";
    case Claim::unmeasured:
      break;
  }
  return "not compared";
}

Comparison compare(const std::vector<Run>& runs, const std::vector<std::string>& candidates) {
  const auto all = group(runs);
  Comparison result{strongest(all, candidates), {}};
  for (const Series& series : all) {
    Row row = row_of(series);
    const auto reference = std::ranges::find_if(all, [&](const Series& one) {
      return one.server == result.reference && one.loop == series.loop && one.level == series.level;
    });
    if (reference != all.end()) {
      row.ratio = ratio_of(series, *reference,
                           series.loop == Loop::closed ? &Run::goodput_per_s : &Run::p99_us);
      row.claim = claim_for(row, series, *reference);
    }
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace kudp::comparison
