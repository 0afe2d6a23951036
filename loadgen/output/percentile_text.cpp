// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/percentile_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <numeric>

#include "loadgen/base/clock.hpp"

namespace kudp {
namespace {

constexpr int kStepsPerHalving = 5;

double us(double ns) {
  return ns / kMicrosecond;
}

// The percentiles of the lines: steps of equal width until the rest is halved, then steps of half
// the width. Worked out from whole numbers, or rounding would lose the line of an exact half.
class Level {
 public:
  double value() const { return 1 - std::exp2(-halvings_) * (1 - 0.5 * step_ / kStepsPerHalving); }
  void advance() {
    if (++step_ < kStepsPerHalving) return;
    step_ = 0;
    ++halvings_;
  }

 private:
  int halvings_ = 0;
  int step_ = 0;
};

// The squares are taken in the middle of each bucket, as HdrHistogram does.
double deviation(const Histogram& histogram) {
  const double mean = histogram.mean();
  double sum = 0;
  histogram.for_each([&](std::uint64_t low, std::uint64_t high, std::uint64_t count) {
    const auto middle = std::midpoint(static_cast<double>(low), static_cast<double>(high));
    sum += static_cast<double>(count) * std::pow(middle - mean, 2);
  });
  return histogram.count() == 0 ? 0 : std::sqrt(sum / static_cast<double>(histogram.count()));
}

}  // namespace

std::string percentile_text(const Histogram& histogram) {
  const auto total = histogram.count();
  std::string text = fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile",
                                 "TotalCount", "1/(1-Percentile)");
  const auto out = std::back_inserter(text);
  std::uint64_t seen = 0;
  Level level;
  histogram.for_each([&](std::uint64_t, std::uint64_t high, std::uint64_t count) {
    seen += count;
    const auto share = static_cast<double>(seen) / static_cast<double>(total);
    const auto value = us(static_cast<double>(high));
    for (; level.value() <= share && level.value() < 1; level.advance()) {
      fmt::format_to(out, "{:12.3f} {:.12f} {:10} {:14.2f}\n", value, level.value(), seen,
                     1 / (1 - level.value()));
      if (seen == total) break;
    }
    if (seen == total) fmt::format_to(out, "{:12.3f} {:.12f} {:10}\n", value, 1.0, seen);
  });
  fmt::format_to(out, "#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", us(histogram.mean()),
                 us(deviation(histogram)));
  fmt::format_to(out, "#[Max     = {:12.3f}, Total count    = {:12}]\n",
                 us(static_cast<double>(histogram.max())), total);
  fmt::format_to(out, "#[Buckets = {:12}, SubBuckets     = {:12}]\n", Histogram::kBuckets,
                 Histogram::kSubBuckets);
  return text;
}

}  // namespace kudp
