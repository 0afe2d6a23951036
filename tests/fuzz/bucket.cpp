// SPDX-License-Identifier: GPL-2.0-only
// kmod/bucket.h: a bucket never gives more than its rate, and the table never leaves its memory.
#include "kmod/bucket.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <map>
#include <vector>

namespace {

constexpr unsigned kMost = 64;  // requests in one datagram

// Nobody gets more than a burst, what came in since he first asked, and one datagram on credit.
void check(const kudp_rate& rate, __u64 taken, __u64 passed) {
  if (taken * rate.gap > rate.depth + passed + kMost * rate.gap) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  static std::vector<kudp_bucket> table(KUDP_BUCKETS);
  table.assign(KUDP_BUCKETS, {});
  const auto seed = input.ConsumeIntegral<__u64>() | 1;
  const kudp_rate rate = kudp_rate_share(input.ConsumeIntegralInRange<unsigned>(0, 100'000'000),
                                         input.ConsumeIntegralInRange<unsigned>(1, 8192));
  if (!rate.gap) return 0;
  if (rate.depth < rate.gap) std::abort();

  const __u64 start = input.ConsumeIntegralInRange<__u64>(1, 1ULL << 60);
  __u64 now = start, alone = 0, taken = 0;
  std::map<__u64, __u64> of_prefix;
  while (input.remaining_bytes() > 0 && of_prefix.size() < KUDP_BUCKET_WAYS) {
    now += input.ConsumeIntegralInRange<__u64>(0, 3 * rate.gap);
    const auto n = input.ConsumeIntegralInRange<unsigned>(0, kMost);
    if (kudp_bucket_take(&rate, &alone, now, n)) taken += n;
    check(rate, taken, now - start);

    const __u64 prefix = kudp_prefix_ipv4(input.ConsumeIntegral<__u8>() << 8, 0xffffff00);
    kudp_bucket* const bucket = kudp_bucket_find(table.data(), seed, prefix);
    if (bucket < table.data() || bucket >= table.data() + table.size()) std::abort();
    if (bucket->prefix != prefix || bucket != kudp_bucket_find(table.data(), seed, prefix))
      std::abort();
    // So few prefixes that none is forgotten.
    if (kudp_bucket_take(&rate, &bucket->full, now, n)) of_prefix[prefix] += n;
    check(rate, of_prefix[prefix], now - start);
  }
  // More prefixes than there are buckets in a set.
  for (auto prefix = input.ConsumeIntegral<__u64>(); input.remaining_bytes() > 0;
       prefix = input.ConsumeIntegral<__u64>())
    kudp_bucket_find(table.data(), seed, prefix)->full = input.ConsumeIntegral<__u64>();
  for (__u64 prefix = seed, i = 0; i < 16; ++i)
    kudp_bucket_find(table.data(), 1, prefix >> KUDP_BUCKET_SET_BITS | i)->full = i;
  return 0;
}
