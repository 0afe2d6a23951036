// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace kudp {
namespace {

using Values = std::vector<std::int64_t>;
constexpr double kPercents[] = {0, 1, 10, 25, 50, 75, 90, 99, 99.9, 99.99, 100};

std::uint64_t naive_percentile(const Values& sorted, double percent) {
  const auto rank = std::ceil(static_cast<double>(sorted.size()) * percent / 100);
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return static_cast<std::uint64_t>(sorted[std::min(index, sorted.size() - 1)]);
}

Histogram histogram_of(const Values& values) {
  Histogram histogram;
  for (const auto value : values) histogram.record(value);
  return histogram;
}

// Another one each time; KUDP_SEED repeats the one that a failure names.
std::uint64_t seed() {
  static const char* const given = std::getenv("KUDP_SEED");
  static const std::uint64_t seed = given ? std::stoull(given) : std::random_device()();
  return seed;
}

struct Distribution {
  std::string name;
  std::function<double(std::mt19937_64&)> draw;
};

class HistogramOf : public testing::TestWithParam<Distribution> {
 protected:
  const testing::ScopedTrace trace_{__FILE__, __LINE__, "KUDP_SEED=" + std::to_string(seed())};

  Values drawn(std::size_t count) const {
    std::mt19937_64 random(seed());
    Values values(count);
    std::ranges::generate(values,
                          [&] { return static_cast<std::int64_t>(GetParam().draw(random)); });
    return values;
  }
};

TEST_P(HistogramOf, PercentilesAreWithinTheStatedError) {
  for (const std::size_t count : {1, 2, 10, 999, 20'000}) {
    Values values = drawn(count);
    const auto histogram = histogram_of(values);
    std::ranges::sort(values);
    for (const double percent : kPercents) {
      const auto truth = naive_percentile(values, percent);
      const auto said = histogram.percentile(percent);
      EXPECT_GE(said, truth) << percent << " of " << count;
      EXPECT_LE(said - truth, truth / 1024) << percent << " of " << count;
    }
  }
}

TEST_P(HistogramOf, CountMeanAndMaximumAreExact) {
  const Values values = drawn(5'000);
  const auto histogram = histogram_of(values);
  const auto sum = std::accumulate(values.begin(), values.end(), std::int64_t{0});
  EXPECT_EQ(histogram.count(), values.size());
  EXPECT_DOUBLE_EQ(histogram.mean(), static_cast<double>(sum) / static_cast<double>(values.size()));
  EXPECT_EQ(histogram.max(), static_cast<std::uint64_t>(std::ranges::max(values)));
}

TEST_P(HistogramOf, MergedHalvesAreTheWhole) {
  const Values values = drawn(4'001);
  const auto middle = values.begin() + 1'234;
  const auto first = histogram_of({values.begin(), middle});
  const auto second = histogram_of({middle, values.end()});
  const auto whole = histogram_of(values);
  for (const auto& [into, from] : {std::pair(first, second), std::pair(second, first)}) {
    Histogram merged = into;
    merged.merge(from);
    EXPECT_EQ(merged.count(), whole.count());
    EXPECT_EQ(merged.max(), whole.max());
    EXPECT_DOUBLE_EQ(merged.mean(), whole.mean());
    for (const double percent : kPercents)
      EXPECT_EQ(merged.percentile(percent), whole.percentile(percent)) << percent;
  }
}

// What an interval of a run saw is what its end has and its beginning had not.
TEST_P(HistogramOf, WhatCameInBetweenIsTheDifference) {
  const Values values = drawn(4'001);
  const auto middle = values.begin() + 1'234;
  Histogram between;
  between.merge_running(histogram_of(values));
  between.subtract(histogram_of({values.begin(), middle}));
  const auto truth = histogram_of({middle, values.end()});
  EXPECT_EQ(between.count(), truth.count());
  for (const double percent : {0., 50., 99.}) {
    EXPECT_GE(between.percentile(percent), truth.percentile(percent));
    EXPECT_LE(between.percentile(percent), truth.percentile(percent) * 1025 / 1024);
  }
}

TEST_P(HistogramOf, BucketsHoldAllValues) {
  const auto histogram = histogram_of(drawn(5'000));
  std::uint64_t count = 0, before = 0;
  histogram.for_each([&](std::uint64_t low, std::uint64_t high, std::uint64_t here) {
    EXPECT_LE(low, high);
    EXPECT_TRUE(count == 0 || low > before);
    before = high;
    count += here;
  });
  EXPECT_EQ(count, histogram.count());
  EXPECT_EQ(before, histogram.max());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, HistogramOf,
    testing::Values(
        Distribution{"Constant", [](auto&) { return 123'457.0; }},
        Distribution{"Small", [](auto& r) { return std::uniform_real_distribution(0., 5000.)(r); }},
        Distribution{"Uniform",
                     [](auto& r) { return std::uniform_real_distribution(0., 6e10)(r); }},
        Distribution{"Exponential", [](auto& r) { return std::exponential_distribution(1e-5)(r); }},
        Distribution{
            "LogUniform",
            [](auto& r) { return std::exp2(std::uniform_real_distribution(0., 39.9)(r)); }},
        Distribution{
            "Bimodal",
            [](auto& r) { return r() % 100 == 0 ? 2e9 : std::normal_distribution(2e4, 1e3)(r); }}),
    [](const auto& instance) { return instance.param.name; });

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.mean(), 0);
  EXPECT_EQ(histogram.percentile(99), 0U);
}

TEST(Histogram, HoldsTheEdgesOfItsBuckets) {
  for (int bit = 0; bit < 40; ++bit)
    for (const std::int64_t step : {-1, 0, 1}) {
      const std::int64_t value = (std::int64_t{1} << bit) + step;
      // The larger one keeps percentile() from answering with the maximum.
      const auto said = histogram_of({value, Histogram::kHighest}).percentile(50);
      EXPECT_GE(said, static_cast<std::uint64_t>(value));
      EXPECT_LE(said, static_cast<std::uint64_t>(value + value / 1024));
    }
}

TEST(Histogram, CountsValuesBeyondItsRange) {
  const std::int64_t huge = std::int64_t{1} << 50;
  const auto histogram = histogram_of({-5, huge});
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.percentile(50), 0U);
  EXPECT_EQ(histogram.percentile(100), static_cast<std::uint64_t>(huge));
  EXPECT_EQ(histogram.max(), static_cast<std::uint64_t>(huge));
}

}  // namespace
}  // namespace kudp
