// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kudp {

// A log-linear histogram of nanoseconds, in HdrHistogram's bucket scheme with three significant
// digits: values below 2048 have a bucket each, and every doubling above is cut into 1024 equal
// buckets. So a percentile is never below the true value and above it by less than 1/1024.
// Count, mean and maximum are exact. Memory is fixed: 31,744 counters.
class Histogram {
 public:
  // Larger values are counted as this one, 18 minutes; max() still tells the truth.
  static constexpr std::uint64_t kHighest = (std::uint64_t{1} << 40) - 1;
  // In HdrHistogram's words: so many buckets, each with so many equal sub-buckets, of which all but
  // the first bucket's share the lower half with the bucket before.
  static constexpr int kBuckets = 30;
  static constexpr int kSubBuckets = 2048;

  Histogram() : counts_(bucket_of(kHighest) + 1) {}

  // Negative values count as 0.
  void record(std::int64_t value) {
    if (value < 0) value = 0;
    const auto v = static_cast<std::uint64_t>(value);
    // Relaxed, so that another thread may merge_running(); it costs no locked instruction.
    auto& count = counts_[bucket_of(v < kHighest ? v : kHighest)];
    std::atomic_ref(count).store(count + 1, std::memory_order_relaxed);
    sum_ += v;
    if (v > max_) max_ = v;
  }

  void merge(const Histogram& other);

  // The same of one that another thread is recording into. Its counts alone: mean and maximum of
  // the result say nothing.
  void merge_running(const Histogram& other);

  // Takes out what an earlier state of this one held; the maximum stays.
  void subtract(const Histogram& earlier);

  std::uint64_t count() const;
  double mean() const;
  std::uint64_t max() const { return max_; }

  // How many values are greater than `value`, to the histogram's precision.
  std::uint64_t above(std::uint64_t value) const;

  // Calls visit(lowest value, highest value, count) for each bucket that is not empty, ascending.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket)
      if (const auto count = counts_[bucket]; count > 0)
        visit(bucket == 0 ? 0 : highest_in(bucket - 1) + 1,
              bucket + 1 == counts_.size() ? max_ : std::min(highest_in(bucket), max_), count);
  }

  // The value that `percent` of all values do not exceed: the one of rank ceil(count * percent /
  // 100), at least rank 1. 0 where nothing was recorded.
  std::uint64_t percentile(double percent) const;

 private:
  static constexpr int kExactBits = 11;
  static constexpr int kDoublingBits = kExactBits - 1;

  static constexpr std::size_t bucket_of(std::uint64_t value) {
    const int shift = std::bit_width(value | ((1U << kExactBits) - 1)) - kExactBits;
    return (static_cast<std::size_t>(shift) << kDoublingBits) + (value >> shift);
  }
  static std::uint64_t highest_in(std::size_t bucket);

  std::vector<std::uint64_t> counts_;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace kudp
