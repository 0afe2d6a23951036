// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/outputs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "loadgen/output/openmetrics.hpp"
#include "loadgen/output/percentile_text.hpp"

namespace kudp {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct Line {
  double value, percentile;
  std::uint64_t total;
};

// The lines between the title and the footer.
std::vector<Line> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::string row;
  std::vector<Line> lines;
  for (std::getline(in, row), std::getline(in, row); std::getline(in, row) && row[0] != '#';) {
    Line line;
    std::istringstream(row) >> line.value >> line.percentile >> line.total;
    lines.push_back(line);
  }
  return lines;
}

TEST(PercentileText, IsWhatHdrHistogramPrints) {
  Histogram histogram;
  for (int i = 0; i < 3; ++i) histogram.record(1000);
  histogram.record(2000);
  // Line for line what HdrHistogram 2.1's outputPercentileDistribution(out, 5, 1000.0) prints.
  EXPECT_EQ(percentile_text(histogram),
            "       Value     Percentile TotalCount 1/(1-Percentile)\n"
            "\n"
            "       1.000 0.000000000000          3           1.00\n"
            "       1.000 0.100000000000          3           1.11\n"
            "       1.000 0.200000000000          3           1.25\n"
            "       1.000 0.300000000000          3           1.43\n"
            "       1.000 0.400000000000          3           1.67\n"
            "       1.000 0.500000000000          3           2.00\n"
            "       1.000 0.550000000000          3           2.22\n"
            "       1.000 0.600000000000          3           2.50\n"
            "       1.000 0.650000000000          3           2.86\n"
            "       1.000 0.700000000000          3           3.33\n"
            "       1.000 0.750000000000          3           4.00\n"
            "       2.000 0.775000000000          4           4.44\n"
            "       2.000 1.000000000000          4\n"
            "#[Mean    =        1.250, StdDeviation   =        0.433]\n"
            "#[Max     =        2.000, Total count    =            4]\n"
            "#[Buckets =           30, SubBuckets     =         2048]\n");
}

TEST(PercentileText, CoversAllValuesOfAnySpread) {
  Histogram histogram;
  for (std::int64_t i = 1; i <= 20'000; ++i) histogram.record(i * i * 100);
  const auto lines = lines_of(percentile_text(histogram));
  ASSERT_GT(lines.size(), 50U);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    EXPECT_GE(lines[i].value, lines[i - 1].value);
    EXPECT_GT(lines[i].percentile, lines[i - 1].percentile);
    EXPECT_GE(lines[i].total, lines[i - 1].total);
    EXPECT_GE(static_cast<double>(lines[i].total), lines[i].percentile * 20'000);
  }
  EXPECT_EQ(lines.back().total, 20'000U);
  EXPECT_DOUBLE_EQ(lines.back().percentile, 1);
  EXPECT_DOUBLE_EQ(lines.back().value, 20'000. * 20'000 * 100 / 1000);
}

TEST(PercentileText, OfNothingHasNoLines) {
  const auto text = percentile_text({});
  EXPECT_TRUE(lines_of(text).empty());
  EXPECT_THAT(text, HasSubstr("Total count    =            0]"));
}

class OpenMetrics : public testing::Test {
 protected:
  OpenMetrics() {
    options_.target = resolve("127.0.0.1:9000");
    result_.measured = 2 * kSecond;
    result_.counts.sent = result_.counts.answered = result_.counts.in_interval = 100;
    for (int i = 1; i <= 100; ++i) result_.latency.record(i * kMillisecond);
  }
  std::string text(bool valid = true) const {
    return openmetrics(options_, result_, {valid, false, {}});
  }

  RunOptions options_;
  RunResult result_;
};

TEST_F(OpenMetrics, HasTheTotals) {
  EXPECT_THAT(text(), StartsWith("# TYPE kudp_load_run info\n"));
  EXPECT_THAT(text(), EndsWith("\n# EOF\n"));
  EXPECT_THAT(text(), HasSubstr("target=\"127.0.0.1:9000\""));
  EXPECT_THAT(text(), HasSubstr("\nkudp_load_requests_sent_total 100\n"));
  EXPECT_THAT(text(), HasSubstr("\nkudp_load_goodput_per_second 50\n"));
  EXPECT_THAT(text(), HasSubstr("\nkudp_load_latency_seconds_count 100\n"));
  EXPECT_THAT(text(), HasSubstr("\nkudp_load_latency_seconds{quantile=\"1.0\"} 0.1\n"));
  EXPECT_THAT(text(), HasSubstr("\nkudp_load_valid 1\n"));
  EXPECT_THAT(text(false), HasSubstr("\nkudp_load_valid 0\n"));
}

TEST_F(OpenMetrics, NoReplyHasNoQuantiles) {
  result_.latency = {};
  EXPECT_THAT(text(), testing::Not(HasSubstr("quantile")));
  EXPECT_THAT(text(), HasSubstr("\nkudp_load_latency_seconds_count 0\n"));
}

TEST(Outputs, RefuseToMixOnStdout) {
  OutputArguments arguments;
  arguments.json = arguments.hgrm = "-";
  EXPECT_THROW(Outputs{arguments}, std::runtime_error);
}

TEST(Outputs, SayWhichFileCannotBeWritten) {
  OutputArguments arguments;
  arguments.hgrm = "/nowhere/x";
  try {
    Outputs outputs(arguments);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), StartsWith("--hgrm /nowhere/x: "));
  }
}

}  // namespace
}  // namespace kudp
