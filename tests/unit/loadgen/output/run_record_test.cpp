// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/run_record.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "loadgen/output/header.hpp"
#include "loadgen/output/table.hpp"

namespace kudp {
namespace {

class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    options_.target = resolve("127.0.0.1:9000");
    result_.measured = 2 * kSecond;
    result_.counts.sent = 1'234'567;
    result_.counts.answered = result_.counts.in_interval = 1'000'000;
    result_.counts.lost = 234'567;
    for (int i = 1; i <= 1000; ++i) result_.latency.record(i * kMicrosecond);
  }

  Record record() const { return run_record(options_, result_, judge(options_, result_)); }

  RunOptions options_;
  RunResult result_;
};

TEST_F(ReportTest, AClosedRunHasWindowAndAchievedRate) {
  const auto run = record();
  EXPECT_EQ(run["record"], "run");
  EXPECT_EQ(run["loop"], "closed");
  EXPECT_EQ(run["target"], "127.0.0.1:9000");
  EXPECT_EQ(run["window"], 64);
  EXPECT_EQ(run["offered_per_s"], 1'234'567 / 2.0);
  EXPECT_EQ(run["goodput_per_s"], 500'000);
  EXPECT_EQ(run["lost"], 234'567);
  EXPECT_EQ(run["valid"], true);
  EXPECT_EQ(run["interrupted"], false);
  EXPECT_FALSE(run.contains("send_late_p99_us"));
}

TEST_F(ReportTest, AnOpenRunHasTheOfferedRate) {
  options_.loop = Loop::open;
  options_.rate = 700'000;
  const auto run = record();
  EXPECT_EQ(run["loop"], "open");
  EXPECT_EQ(run["offered_per_s"], 700'000);
  EXPECT_EQ(run["sent_per_s"], 1'234'567 / 2.0);
  EXPECT_TRUE(run.contains("send_late_p99_us"));
  EXPECT_FALSE(run.contains("window"));
  EXPECT_EQ(run["valid"], false);
}

TEST_F(ReportTest, LatenciesAreMicroseconds) {
  const auto run = record();
  EXPECT_NEAR(run["mean_us"], 500.5, 0.01);
  EXPECT_NEAR(run["p50_us"], 500, 0.5);
  EXPECT_NEAR(run["p99_us"], 990, 1);
  EXPECT_EQ(run["max_us"], 1000);
}

TEST_F(ReportTest, LostRequestsCountInThePercentileOfAll) {
  result_.counts.sent = 1000;
  EXPECT_NEAR(record()["p99_of_sent_us"], 990, 1);
  result_.counts.sent = 1005;
  EXPECT_NEAR(record()["p99_of_sent_us"], 995, 1);
  result_.counts.sent = 1011;
  EXPECT_TRUE(record()["p99_of_sent_us"].is_null());
}

TEST_F(ReportTest, NoReplyHasNoLatency) {
  result_.latency = {};
  const auto run = record();
  EXPECT_TRUE(run["p50_us"].is_null());
  EXPECT_TRUE(run["max_us"].is_null());
  EXPECT_TRUE(run["percentiles"].empty());
}

TEST_F(ReportTest, TheCardsTimesAreThoseThatCanBe) {
  options_.timestamps = true;
  EXPECT_TRUE(record()["wire_p50_us"].is_null());
  EXPECT_EQ(table(options_, result_, {}).find("wire us"), std::string::npos);
  for (int i = 0; i < 2000; ++i) result_.wire.record(3 * kMicrosecond);
  result_.wire_impossible = 4;
  const auto run = record();
  EXPECT_EQ(run["wire_p50_us"], 3);
  EXPECT_EQ(run["wire_p99_us"], 3);
  EXPECT_EQ(run["wire_requests"], 2000);
  EXPECT_EQ(run["wire_impossible"], 4);
  const auto text = table(options_, result_, {});
  EXPECT_NE(text.find("wire us"), text.npos);
  EXPECT_NE(text.find("of 2,000 requests, by the card's clock"), text.npos);
}

TEST_F(ReportTest, PercentilesRiseToTheLastValue) {
  const auto points = percentiles(result_.latency);
  EXPECT_EQ(points.front()[0], 0);
  EXPECT_NEAR(points.back()[0], 99.9, 1e-9);
  EXPECT_EQ(points.back()[1], 1000);
  for (std::size_t i = 1; i < points.size(); ++i) {
    EXPECT_LT(points[i - 1][0], points[i][0]);
    EXPECT_LE(points[i - 1][1], points[i][1]);
  }
  const auto has = [&](double percent) {
    return std::ranges::any_of(points, [&](const auto& point) { return point[0] == percent; });
  };
  for (const double percent : {50., 75., 87.5, 93.75, 99.21875}) EXPECT_TRUE(has(percent));
}

TEST_F(ReportTest, TheHeaderNamesTheMachine) {
  const auto header = header_record();
  EXPECT_EQ(header["record"], "header");
  EXPECT_EQ(header["schema"], 1);
  EXPECT_EQ(header["tool"], "kudp-load");
  EXPECT_GE(header["command"].size(), 1U);
  EXPECT_GE(header["cpus"], 1);
  EXPECT_EQ(header["time"].get<std::string>().size(), sizeof "2000-01-01T00:00:00Z" - 1);
}

TEST_F(ReportTest, TheTableGroupsDigitsAndNamesTheVerdict) {
  const auto text = table(options_, result_, judge(options_, result_));
  EXPECT_NE(text.find("1,234,567 in 2.00 s"), text.npos);
  EXPECT_NE(text.find("goodput     500,000/s"), text.npos);
  EXPECT_NE(text.find("verdict     valid\n"), text.npos);
  const auto invalid = table(options_, result_, {.valid = false, .notes = {"one", "two"}});
  EXPECT_NE(invalid.find("verdict     INVALID: one; two\n"), invalid.npos);
}

}  // namespace
}  // namespace kudp
