// SPDX-License-Identifier: GPL-2.0-only
// kmod/prefix.h: the search finds what a look at each prefix finds.
#include "kmod/prefix.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <vector>

namespace {

kudp_address address_of(FuzzedDataProvider& input) {
  if (input.ConsumeBool()) return kudp_mapped(input.ConsumeIntegral<__u32>());
  return {input.ConsumeIntegral<__u64>(), input.ConsumeIntegral<__u64>()};
}

bool inside(const kudp_prefix& prefix, const kudp_address& address) {
  const kudp_address last = kudp_prefix_last(&prefix);
  return kudp_address_le(&prefix.address, &address) && kudp_address_le(&address, &last);
}

// First addresses, then last ones, each filled up to a power of 2 as guard.c does.
template <typename T>
std::vector<T> ranges_of(const std::vector<T>& first, const std::vector<T>& last) {
  std::vector<T> array;
  for (const auto* half : {&first, &last})
    for (std::size_t i = 0; i < std::bit_ceil(half->size()); ++i)
      array.push_back((*half)[std::min(i, half->size() - 1)]);
  return array;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  std::vector<kudp_prefix> prefixes;
  for (auto n = input.ConsumeIntegralInRange(0, 40); n > 0; --n) {
    const kudp_prefix prefix{address_of(input), input.ConsumeIntegralInRange<unsigned>(0, 130)};
    if (kudp_prefix_is_valid(&prefix)) prefixes.push_back(prefix);
    // Most of what comes at random is not valid.
    kudp_prefix clipped{prefix.address, std::min(prefix.len, 128u)};
    clipped.address.high &= ~kudp_beyond(clipped.len);
    clipped.address.low &= ~kudp_beyond(clipped.len > 64 ? clipped.len - 64 : 0);
    if (!kudp_prefix_is_valid(&clipped)) std::abort();
    prefixes.push_back(clipped);
  }
  std::ranges::sort(prefixes,
                    [](const auto& a, const auto& b) { return kudp_prefix_compare(&a, &b) < 0; });

  for (const bool ipv4 : {true, false}) {
    std::vector<kudp_address> first(prefixes.size()), last(prefixes.size());
    const unsigned n =
        kudp_prefixes_merge(prefixes.data(), prefixes.size(), ipv4, first.data(), last.data());
    first.resize(n);
    last.resize(n);
    for (unsigned i = 1; i < n; ++i)
      if (kudp_address_le(&first[i], &last[i - 1])) std::abort();
    std::vector<__u32> first4, last4, array4;
    std::vector<kudp_address> array6;
    for (const auto& address : first) first4.push_back(static_cast<__u32>(address.low));
    for (const auto& address : last) last4.push_back(static_cast<__u32>(address.low));
    if (n && ipv4) array4 = ranges_of(first4, last4);
    if (n && !ipv4) array6 = ranges_of(first, last);
    const kudp_ranges_ipv4 ranges4{static_cast<unsigned>(array4.size() / 2), array4.data()};
    const kudp_ranges_ipv6 ranges6{static_cast<unsigned>(array6.size() / 2), array6.data()};

    const auto check = [&](const kudp_address& address) {
      const bool expected = std::ranges::any_of(prefixes, [&](const auto& prefix) {
        return kudp_prefix_is_ipv4(&prefix) == ipv4 && inside(prefix, address);
      });
      const bool found = ipv4 ? kudp_allows_ipv4(&ranges4, static_cast<__u32>(address.low))
                              : kudp_allows_ipv6(&ranges6, address);
      if (found != expected) std::abort();
    };
    for (const auto& prefix : prefixes) {
      if (kudp_prefix_is_ipv4(&prefix) != ipv4) continue;
      check(prefix.address);
      check(kudp_prefix_last(&prefix));
    }
    if (ipv4)
      check(kudp_mapped(input.ConsumeIntegral<__u32>()));
    else
      check(address_of(input));
  }
  return 0;
}
