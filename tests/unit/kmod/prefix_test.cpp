// SPDX-License-Identifier: GPL-2.0-only
// The prefixes that may ask: the module's search against one that looks at each.
#include "kmod/prefix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>
#include <vector>

#include "kmod/guard.h"

namespace {

// What guard.c makes of a list when a responder is enabled.
class Allowed {
 public:
  explicit Allowed(std::vector<kudp_prefix> prefixes) : prefixes_(std::move(prefixes)) {
    std::ranges::sort(prefixes_, [](const kudp_prefix& a, const kudp_prefix& b) {
      return kudp_prefix_compare(&a, &b) < 0;
    });
    std::vector<kudp_address> first(KUDP_PREFIXES_MAX), last(KUDP_PREFIXES_MAX);
    const auto merge = [&](bool ipv4) {
      return kudp_prefixes_merge(prefixes_.data(), prefixes_.size(), ipv4, first.data(),
                                 last.data());
    };
    if (const unsigned n = merge(true)) {
      const unsigned padded = std::bit_ceil(n);
      for (unsigned i = 0; i < padded; ++i) array4_.push_back(first[std::min(i, n - 1)].low);
      for (unsigned i = 0; i < padded; ++i) array4_.push_back(last[std::min(i, n - 1)].low);
      ipv4_ = {padded, array4_.data()};
    }
    if (const unsigned n = merge(false)) {
      const unsigned padded = std::bit_ceil(n);
      for (unsigned i = 0; i < padded; ++i) array6_.push_back(first[std::min(i, n - 1)]);
      for (unsigned i = 0; i < padded; ++i) array6_.push_back(last[std::min(i, n - 1)]);
      ipv6_ = {padded, array6_.data()};
    }
  }
  Allowed(const Allowed&) = delete;

  bool has(__u32 address) const { return kudp_allows_ipv4(&ipv4_, address); }
  bool has(kudp_address address) const { return kudp_allows_ipv6(&ipv6_, address); }

  bool naive(kudp_address address, bool ipv4) const {
    return std::ranges::any_of(prefixes_, [&](const kudp_prefix& prefix) {
      if (kudp_prefix_is_ipv4(&prefix) != ipv4) return false;
      for (unsigned bit = 0; bit < prefix.len; ++bit)
        if (bit_of(prefix.address, bit) != bit_of(address, bit)) return false;
      return true;
    });
  }

 private:
  static bool bit_of(const kudp_address& address, unsigned bit) {
    return (bit < 64 ? address.high >> (63 - bit) : address.low >> (127 - bit)) & 1;
  }

  std::vector<kudp_prefix> prefixes_;
  std::vector<__u32> array4_;
  std::vector<kudp_address> array6_;
  kudp_ranges_ipv4 ipv4_{0, nullptr};
  kudp_ranges_ipv6 ipv6_{0, nullptr};
};

kudp_prefix clipped(kudp_address address, unsigned len) {
  address.high &= ~kudp_beyond(len);
  address.low &= ~kudp_beyond(len > 64 ? len - 64 : 0);
  return {address, len};
}

kudp_prefix ipv4(__u32 address, unsigned len) {
  return clipped(kudp_mapped(address), KUDP_MAPPED + len);
}

TEST(Allow, AnEmptyListOfAFamilyHasNobody) {
  const Allowed only6({clipped({0xfd00ULL << 48, 0}, 8)});
  EXPECT_FALSE(only6.has(0xc6120001));
  EXPECT_TRUE(only6.has(kudp_address{0xfd12ULL << 48, 7}));
  const Allowed only4({ipv4(0xc6120000, 15)});
  EXPECT_TRUE(only4.has(0xc6120001));
  EXPECT_TRUE(only4.has(0xc613ffff));
  EXPECT_FALSE(only4.has(0xc6140000));
  EXPECT_FALSE(only4.has(0xc611ffff));
  EXPECT_FALSE(only4.has(kudp_mapped(0xc6120001))) << "an IPv6 datagram with such a source";
}

TEST(Allow, EverythingAndOneHost) {
  const Allowed all({ipv4(0, 0), clipped({0, 0}, 0)});
  const Allowed one({ipv4(0xffffffff, 32), clipped({~0ULL, ~0ULL}, 128)});
  for (const __u32 address : {0u, 0x7fffffffu, 0xffffffffu}) {
    EXPECT_TRUE(all.has(address));
    EXPECT_EQ(one.has(address), address == 0xffffffff);
  }
  EXPECT_TRUE(all.has(kudp_address{0, 0}));
  EXPECT_TRUE(all.has(kudp_address{~0ULL, ~0ULL}));
  EXPECT_TRUE(one.has(kudp_address{~0ULL, ~0ULL}));
  EXPECT_FALSE(one.has(kudp_address{~0ULL, ~0ULL - 1}));
}

TEST(Allow, PrefixesAreWholeOrWrong) {
  const kudp_prefix good = ipv4(0xc6120000, 15);
  EXPECT_TRUE(kudp_prefix_is_valid(&good));
  for (const unsigned len : {129u, 0u, 96u, KUDP_MAPPED + 14u}) {
    const kudp_prefix bad{good.address, len};
    EXPECT_FALSE(kudp_prefix_is_valid(&bad)) << len;
  }
  const kudp_prefix beyond{{1, 0}, 63};
  EXPECT_FALSE(kudp_prefix_is_valid(&beyond));
}

// Lists of every length, nested and side by side, asked at and next to each edge and at random.
TEST(Allow, AgreesWithANaiveSearch) {
  std::mt19937_64 random(3);
  for (const unsigned n : {1u, 2u, 3u, 7u, 8u, 9u, 100u, 513u}) {
    std::vector<kudp_prefix> prefixes;
    for (unsigned i = 0; i < n; ++i) {
      // Few distinct high bits, so that they nest.
      const __u32 address4 = static_cast<__u32>(random()) & 0x0f0fffff;
      prefixes.push_back(ipv4(address4, 4 + random() % 29));
      prefixes.push_back(clipped({random() & 0xf0000000000000ff, random()}, 1 + random() % 128));
    }
    const Allowed allowed(prefixes);
    const auto check4 = [&](__u32 address) {
      ASSERT_EQ(allowed.has(address), allowed.naive(kudp_mapped(address), true)) << address;
    };
    const auto check6 = [&](kudp_address address) {
      ASSERT_EQ(allowed.has(address), allowed.naive(address, false));
    };
    for (const auto& prefix : prefixes) {
      const kudp_address last = kudp_prefix_last(&prefix);
      for (const int step : {-1, 0, 1}) {
        if (kudp_prefix_is_ipv4(&prefix)) {
          check4(static_cast<__u32>(prefix.address.low) + step);
          check4(static_cast<__u32>(last.low) + step);
        } else {
          check6({prefix.address.high, prefix.address.low + step});
          check6({last.high, last.low + step});
        }
      }
    }
    for (int i = 0; i < 2000; ++i) {
      check4(static_cast<__u32>(random()) & 0x0f0fffff);
      check6({random() & 0xf0000000000000ff, random()});
    }
  }
}

TEST(Allow, ComesBeforeTheRates) {
  const __u32 array[]{0x0a000000, 0x0affffff};
  kudp_guard guard{};
  guard.allow = true;
  guard.allow_ipv4 = {1, array};
  guard.rate = kudp_rate_share(1, 1);
  kudp_credit credit{};
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(kudp_guard_ipv4(&guard, &credit, 0x0b000001, KUDP_SECOND, 1), KUDP_NOT_ALLOWED);
  EXPECT_EQ(kudp_guard_ipv4(&guard, &credit, 0x0a000001, KUDP_SECOND, 1), KUDP_ACCEPT);
  EXPECT_EQ(kudp_guard_ipv4(&guard, &credit, 0x0a000001, KUDP_SECOND, 1), KUDP_RATE);
  EXPECT_EQ(kudp_guard_ipv6(&guard, &credit, {0, 1}, KUDP_SECOND, 1), KUDP_NOT_ALLOWED);
}

}  // namespace
