// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/comparison.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "loadgen/output/comparison_records.hpp"
#include "loadgen/output/comparison_tables.hpp"
#include "loadgen/statistics/records.hpp"

namespace kudp::comparison {
namespace {

using nlohmann::json;
using Runs = std::vector<Run>;  // inside a test, Run is gtest's

const std::vector<std::string> kReferences{"recvfrom", "recvmmsg"};

Run closed(const std::string& server, int repetition, double goodput) {
  Run run;
  run.server = server;
  run.repetition = repetition;
  run.goodput_per_s = goodput;
  run.loss_ratio = 0;
  return run;
}

Run open(const std::string& server, int repetition, double offered, double p99) {
  Run run = closed(server, repetition, offered);
  run.loop = Loop::open;
  run.offered_per_s = offered;
  run.p50_us = p99 / 2;
  run.p99_us = p99;
  run.p999_us = p99 * 2;
  return run;
}

// Runs in which `server` has these multiples of the goodput that recvmmsg has.
Runs against_recvmmsg(const std::string& server, const std::vector<double>& ratios) {
  Runs runs;
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    const int repetition = static_cast<int>(i) + 1;
    const double machine = 100 + 50 * static_cast<double>(i % 3);  // its speed varies meanwhile
    runs.push_back(closed("recvmmsg", repetition, machine));
    runs.push_back(closed(server, repetition, machine * ratios[i]));
  }
  return runs;
}

const Row& row_for(const Comparison& comparison, const std::string& server,
                   Loop loop = Loop::closed) {
  for (const Row& row : comparison.rows)
    if (row.server == server && row.loop == loop) return row;
  throw std::runtime_error("no row for " + server);
}

TEST(Median, IsTheMiddle) {
  EXPECT_EQ(median({}), std::nullopt);
  EXPECT_EQ(median({7}), 7);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
}

TEST(RangeCoverage, IsThatOfTheExtremes) {
  EXPECT_EQ(range_coverage(0), 0);
  EXPECT_EQ(range_coverage(1), 0);
  EXPECT_EQ(range_coverage(2), 0.5);
  EXPECT_EQ(range_coverage(5), 0.9375);
  EXPECT_LT(range_coverage(kClaimPairs - 1), 0.9);
  EXPECT_GT(range_coverage(kClaimPairs), 0.9);
}

TEST(Compare, RatioIsWithinRepetitionsNotOfMedians) {
  const auto result = compare(against_recvmmsg("kthread", {1.2, 1.4, 1.3, 1.5, 1.1}), kReferences);
  const Row& row = row_for(result, "kthread");
  ASSERT_TRUE(row.ratio);
  EXPECT_DOUBLE_EQ(row.ratio->median, 1.3);
  EXPECT_DOUBLE_EQ(row.ratio->low, 1.1);
  EXPECT_DOUBLE_EQ(row.ratio->high, 1.5);
  EXPECT_EQ(row.ratio->pairs, 5u);
  EXPECT_EQ(row.claim, Claim::faster);
  EXPECT_EQ(row_for(result, "recvmmsg").claim, Claim::reference);
}

TEST(Compare, ClaimsOnlyWhatTheIntervalShows) {
  const auto claim = [](const std::vector<double>& ratios) {
    return row_for(compare(against_recvmmsg("x", ratios), kReferences), "x").claim;
  };
  EXPECT_EQ(claim({1.1, 1.2, 1.1, 1.2, 1.1}), Claim::faster);
  EXPECT_EQ(claim({0.9, 0.8, 0.9, 0.8, 0.9}), Claim::slower);
  EXPECT_EQ(claim({1.5, 1.5, 0.99, 1.5, 1.5}), Claim::undecided);
  EXPECT_EQ(claim({1.5, 1.5, 1, 1.5, 1.5}), Claim::undecided);
  EXPECT_EQ(claim({2, 2, 2, 2}), Claim::too_few);
  EXPECT_EQ(claim({2}), Claim::too_few);
}

TEST(Compare, ReferenceIsTheStrongestCandidateByMedian) {
  Runs runs;
  const double recvfrom[] = {100, 100, 900}, recvmmsg[] = {200, 200, 200};
  for (int i = 0; i < 3; ++i) {
    runs.push_back(closed("recvfrom", i, recvfrom[i]));
    runs.push_back(closed("recvmmsg", i, recvmmsg[i]));
    runs.push_back(closed("kthread", i, 1000));  // stronger, but no candidate
  }
  EXPECT_EQ(compare(runs, kReferences).reference, "recvmmsg");
  EXPECT_EQ(compare(runs, {"recvfrom"}).reference, "recvfrom");
  EXPECT_EQ(compare(runs, {"nobody"}).reference, "");
  EXPECT_EQ(row_for(compare(runs, {"nobody"}), "kthread").claim, Claim::unmeasured);
}

TEST(Compare, InvalidRunsCountForNothingAndAreNamed) {
  auto runs = against_recvmmsg("x", {1.1, 1.1, 9, 1.1, 1.1, 1.1});
  runs[5].valid = false;  // x, repetition 3
  runs[0].valid = false;  // recvmmsg, repetition 1: takes that pair away
  const auto result = compare(runs, kReferences);
  const Row& row = row_for(result, "x");
  EXPECT_EQ(row.valid, 5u);
  EXPECT_EQ(row.invalid, std::vector<int>{3});
  EXPECT_EQ(row.ratio->pairs, 4u);
  EXPECT_DOUBLE_EQ(row.ratio->high, 1.1);
  EXPECT_EQ(row.claim, Claim::too_few);
  EXPECT_EQ(row_for(result, "recvmmsg").invalid, std::vector<int>{1});
}

TEST(Compare, OpenLoopIsByOfferedLoadAndLessLatencyIsFaster) {
  Runs runs;
  for (int i = 1; i <= 5; ++i) {
    runs.push_back(closed("recvmmsg", i, 100));
    for (const double load : {1000.0, 5000.0}) {
      const double sent = load + i;  // never exactly the same
      runs.push_back(open("recvmmsg", i, sent, 40));
      runs.push_back(open("kthread", i, sent, load == 1000 ? 30 : 60));
    }
  }
  const auto result = compare(runs, kReferences);
  ASSERT_EQ(result.rows.size(), 5u);
  EXPECT_EQ(result.rows[2].server, "kthread");
  EXPECT_EQ(result.rows[2].offered_per_s, 1003);
  EXPECT_DOUBLE_EQ(result.rows[2].ratio->median, 0.75);
  EXPECT_EQ(result.rows[2].claim, Claim::faster);
  EXPECT_EQ(result.rows[4].offered_per_s, 5003);
  EXPECT_EQ(result.rows[4].claim, Claim::slower);
}

TEST(Compare, InvalidRunsStillShowTheirOfferedLoad) {
  Runs runs{open("recvmmsg", 1, 1000, 40)};
  runs[0].valid = false;
  const auto result = compare(runs, kReferences);
  EXPECT_EQ(result.rows.at(0).offered_per_s, 1000);
  EXPECT_EQ(result.rows.at(0).goodput_per_s, std::nullopt);
  EXPECT_EQ(result.rows.at(0).claim, Claim::unmeasured);
}

TEST(Compare, OneRunThatLostTooMuchLeavesP99Unknown) {
  const auto claim = [](bool lost, bool reference_lost) {
    Runs runs;
    for (int i = 1; i <= 6; ++i) {
      runs.push_back(closed("recvmmsg", i, 100));
      runs.push_back(open("recvmmsg", i, 1000, 40));
      if (reference_lost && i == 3) runs.back().p99_us = std::nullopt;
      runs.push_back(open("kthread", i, 1000, 30));
      if (lost && i == 3) runs.back().p99_us = std::nullopt;
    }
    return row_for(compare(runs, kReferences), "kthread", Loop::open).claim;
  };
  EXPECT_EQ(claim(false, false), Claim::faster);
  EXPECT_EQ(claim(true, false), Claim::lossy);
  EXPECT_EQ(claim(false, true), Claim::lossy);
}

TEST(Compare, WhereTheGeneratorWasTheLimitOnlyItsServerCanWin) {
  const auto claim = [](double ratio, bool limited, bool reference_limited) {
    auto runs = against_recvmmsg("kthread", std::vector<double>(5, ratio));
    runs[2].generator_limited = reference_limited;
    runs[3].generator_limited = limited;
    return row_for(compare(runs, {"recvmmsg"}), "kthread").claim;
  };
  EXPECT_EQ(claim(1.5, false, false), Claim::faster);
  EXPECT_EQ(claim(1.5, true, false), Claim::faster);
  EXPECT_EQ(claim(1.5, false, true), Claim::limited);
  EXPECT_EQ(claim(0.5, false, true), Claim::slower);
  EXPECT_EQ(claim(0.5, true, false), Claim::limited);
}

TEST(Compare, FiguresNotMeasuredAreAbsent) {
  auto runs = against_recvmmsg("x", {1, 1});
  runs[1].goodput_per_s = runs[3].goodput_per_s = std::nullopt;
  const auto result = compare(runs, kReferences);
  EXPECT_EQ(row_for(result, "x").goodput_per_s, std::nullopt);
  EXPECT_EQ(row_for(result, "x").claim, Claim::unmeasured);
  EXPECT_NE(tables(result, "tcg").find("not compared"), std::string::npos);
}

constexpr char kHeader[] = R"({"record":"header","accelerator":"tcg"})";

std::string run_line(const std::string& key = "", const json& value = {}) {
  json run{{"record", "run"},
           {"server", "x"},
           {"loop", "open"},
           {"repetition", 1},
           {"offered_per_s", 10},
           {"p50_us", 1.5},
           {"p99_of_sent_us", 2},
           {"p999_us", nullptr},
           {"goodput_per_s", 9.5},
           {"loss_ratio", 0.05},
           {"generator_limited", false},
           {"valid", true}};
  if (!key.empty() && value.is_null()) run.erase(key);
  if (!key.empty() && !value.is_null()) run[key] = value;
  return run.dump();
}

Records read(const std::string& text) {
  std::istringstream input(text);
  return read_records(input, "F");
}

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

TEST(Records, AreReadAndOthersPassedOver) {
  const auto records = read(std::string(kHeader) + "\n" + run_line() +
                            "\n\n{\"record\":\"progress\"}\n" + run_line("repetition", 2) + "\n");
  EXPECT_EQ(records.accelerator, "tcg");
  ASSERT_EQ(records.runs.size(), 2u);
  const auto& run = records.runs[0];
  EXPECT_EQ(run.server, "x");
  EXPECT_EQ(run.loop, Loop::open);
  EXPECT_EQ(run.offered_per_s, 10);
  EXPECT_EQ(run.p50_us, 1.5);
  EXPECT_EQ(run.p999_us, std::nullopt);
  EXPECT_TRUE(run.valid);
  EXPECT_EQ(records.runs[1].repetition, 2);
}

TEST(Records, FaultsAreNamedWithTheirLine) {
  const std::string header = std::string(kHeader) + "\n";
  EXPECT_EQ(error_of(""), "F:0: no run records");
  EXPECT_EQ(error_of(header), "F:1: no run records");
  EXPECT_EQ(error_of(run_line()), "F:1: no header record before this");
  EXPECT_EQ(error_of(header + header), "F:2: a second header: give one measurement at a time");
  EXPECT_EQ(error_of(header + run_line().substr(0, 40)), "F:2: not a JSON object; truncated?");
  EXPECT_EQ(error_of(header + "[1]"), "F:2: not a JSON object; truncated?");
  EXPECT_EQ(error_of(header + "\n" + run_line("server")), "F:3: no field \"server\"");
  EXPECT_EQ(error_of(header + run_line("valid", 1)), "F:2: \"valid\" is not true or false");
  EXPECT_EQ(error_of(header + run_line("p99_of_sent_us", "2")),
            "F:2: \"p99_of_sent_us\" is not a number");
  EXPECT_EQ(error_of(header + run_line("p99_of_sent_us", -2)),
            "F:2: \"p99_of_sent_us\" is out of range");
  EXPECT_EQ(error_of(header + run_line("loop", "x")), "F:2: \"loop\" is \"x\", not closed or open");
  EXPECT_EQ(error_of(header + run_line() + "\n" + run_line()),
            "F:3: repetition 1 of x is there twice");
}

TEST(Tables, SayWhatTheNumbersMean) {
  auto runs = against_recvmmsg("kthread", {1.2, 1.4, 1.3, 1.5, 1.1, 1.3});
  runs[1].valid = false;
  const std::string text = tables(compare(runs, kReferences), "tcg");
  EXPECT_NE(text.find("1.300 [1.100, 1.500]"), std::string::npos) << text;
  EXPECT_NE(text.find("faster; invalid: repetition 1"), std::string::npos) << text;
  EXPECT_NE(text.find("96.9 % for 6"), std::string::npos) << text;
  EXPECT_NE(text.find("emulated CPU"), std::string::npos) << text;
  EXPECT_EQ(text.find("Open loop"), std::string::npos) << text;
}

TEST(JsonLines, CarryEnvironmentAndEveryRow) {
  const auto result =
      compare(against_recvmmsg("kthread", {1.25, 1.25, 1.25, 1.25, 1.25}), kReferences);
  std::istringstream lines(json_lines(result, "kvm"));
  std::vector<json> records;
  for (std::string line; std::getline(lines, line);) records.push_back(json::parse(line));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0]["record"], "environment");
  EXPECT_EQ(records[0]["sentence"], environment_sentence("kvm"));
  EXPECT_EQ(records[2]["record"], "summary");
  EXPECT_EQ(records[2]["server"], "kthread");
  EXPECT_EQ(records[2]["ratio"], 1.25);
  EXPECT_EQ(records[2]["ratio_low"], 1.25);
  EXPECT_EQ(records[2]["coverage"], 0.9375);
  EXPECT_EQ(records[2]["verdict"], "faster");
  EXPECT_TRUE(records[2]["p99_of_sent_us"].is_null());
}

TEST(Environment, IsToldApart) {
  EXPECT_NE(environment_sentence("kvm"), environment_sentence("tcg"));
  EXPECT_EQ(environment_sentence("none"), environment_sentence("native"));
  EXPECT_NE(environment_sentence("hvf").find("\"hvf\""), std::string::npos);
}

}  // namespace
}  // namespace kudp::comparison
