// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/histogram.hpp"

#include <cmath>
#include <functional>
#include <numeric>

namespace kudp {

void Histogram::merge(const Histogram& other) {
  std::ranges::transform(counts_, other.counts_, counts_.begin(), std::plus());
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

void Histogram::merge_running(const Histogram& other) {
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    auto& count = const_cast<std::uint64_t&>(other.counts_[bucket]);  // atomic_ref wants it so
    counts_[bucket] += std::atomic_ref(count).load(std::memory_order_relaxed);
  }
  max_ = kHighest;
}

void Histogram::subtract(const Histogram& earlier) {
  std::ranges::transform(counts_, earlier.counts_, counts_.begin(), std::minus());
  sum_ -= earlier.sum_;
}

// Summed up when asked, so that record() has one counter less to keep.
std::uint64_t Histogram::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

double Histogram::mean() const {
  const auto n = count();
  return n == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(n);
}

std::uint64_t Histogram::percentile(double percent) const {
  const auto n = count();
  const double wanted = std::ceil(static_cast<double>(n) * percent / 100);
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::max(wanted, 1.0)), 1,
                                              std::max<std::uint64_t>(n, 1));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank)
      return bucket + 1 == counts_.size() ? max_ : std::min(highest_in(bucket), max_);
  }
  return 0;
}

std::uint64_t Histogram::above(std::uint64_t value) const {
  const auto first = counts_.begin() + static_cast<long>(bucket_of(std::min(value, kHighest))) + 1;
  return std::accumulate(first, counts_.end(), std::uint64_t{0});
}

std::uint64_t Histogram::highest_in(std::size_t bucket) {
  const auto doublings = bucket >> kDoublingBits;
  if (doublings < 2) return bucket;
  const auto shift = doublings - 1;
  return ((bucket - (shift << kDoublingBits) + 1) << shift) - 1;
}

}  // namespace kudp
