// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/interval.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace kudp {
namespace {

constexpr double kOutside = 0.05;

// How many samples may be cut off at each end: the median lies below the k-th of n with the
// probability that a fair coin shows heads less than k times.
std::size_t cut(std::size_t n) {
  double term = std::exp2(-static_cast<double>(n)), below = 0;
  std::size_t k = 0;
  for (;; ++k) {
    below += term;
    if (2 * below > kOutside) break;
    term *= static_cast<double>(n - k) / static_cast<double>(k + 1);
  }
  return k;
}

// From the k-th smallest to the k-th greatest.
Interval between(std::vector<double> samples, std::size_t k) {
  std::ranges::sort(samples);
  const double low = samples[k - 1], high = samples[samples.size() - k];
  return {*median(std::move(samples)), low, high};
}

}  // namespace

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : std::midpoint(values[middle - 1], values[middle]);
}

std::optional<Interval> range_of(std::vector<double> samples) {
  if (samples.empty()) return std::nullopt;
  return between(std::move(samples), 1);
}

double range_coverage(std::size_t samples) {
  // All samples on one side of the median: 2^-n for each side.
  return samples ? 1 - std::exp2(1 - static_cast<double>(samples)) : 0;
}

std::optional<Interval> interval_of(std::vector<double> samples) {
  if (samples.size() < kFewest) return std::nullopt;
  const auto k = cut(samples.size());
  return between(std::move(samples), k);
}

}  // namespace kudp
