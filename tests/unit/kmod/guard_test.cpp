// SPDX-License-Identifier: GPL-2.0-only
// Whom the module answers, compiled from the module's own headers: the rules and the buckets.
#include "kmod/guard.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr kudp_rules kDefault{.low_port = true,
                              .responder_port = true,
                              .hop_limit = true,
                              .rate = 0,
                              .rate_prefix = 0,
                              .prefix_ipv4 = 24,
                              .prefix_ipv6 = 56};

struct Ports {
  std::array<unsigned long, KUDP_PORTS / KUDP_LONG_BITS> bits{};
  void set(unsigned port) { bits[port / KUDP_LONG_BITS] |= 1UL << port % KUDP_LONG_BITS; }
};

bool unicast6(const char* text) {
  in6_addr address;
  EXPECT_EQ(inet_pton(AF_INET6, text, &address), 1);
  return kudp_is_unicast_ipv6(address.s6_addr);
}

bool unicast4(const char* text) {
  return kudp_is_unicast_ipv4(ntohl(inet_addr(text)));
}

TEST(Unicast, Ipv4) {
  for (const char* yes :
       {"1.0.0.0", "127.0.0.1", "198.18.1.9", "223.255.255.255", "240.0.0.1", "255.255.255.254"})
    EXPECT_TRUE(unicast4(yes)) << yes;
  for (const char* no :
       {"0.0.0.0", "0.255.255.255", "224.0.0.0", "239.255.255.255", "255.255.255.255"})
    EXPECT_FALSE(unicast4(no)) << no;
}

TEST(Unicast, Ipv6) {
  for (const char* yes :
       {"::1", "fd00::1", "2001:db8::", "fe80::1", "::ffff:198.18.0.1", "0:ff00::"})
    EXPECT_TRUE(unicast6(yes)) << yes;
  for (const char* no : {"::", "ff00::", "ff02::1"}) EXPECT_FALSE(unicast6(no)) << no;
}

TEST(Guard, KnowsEachPort) {
  Ports ports;
  for (const unsigned port : {7u, 9000u, 9063u, 65535u}) ports.set(port);
  const kudp_guard guard = kudp_guard_make(&kDefault, true, 0, ports.bits.data(), 1);
  for (unsigned port = 0; port < KUDP_PORTS; ++port) {
    const auto expected = port == 0                                       ? KUDP_SOURCE_PORT
                          : port < 1024                                   ? KUDP_LOW_PORT
                          : port == 9000 || port == 9063 || port == 65535 ? KUDP_RESPONDER_PORT
                                                                          : KUDP_ACCEPT;
    ASSERT_EQ(kudp_guard_source(&guard, port, 64), expected) << port;
  }
}

TEST(Guard, RulesAreSwitchedOffOneByOne) {
  Ports ports;
  ports.set(7);
  ports.set(9000);
  kudp_rules rules = kDefault;
  rules.low_port = false;
  kudp_guard guard = kudp_guard_make(&rules, true, 0, ports.bits.data(), 1);
  EXPECT_EQ(kudp_guard_source(&guard, 53, 64), KUDP_ACCEPT);
  EXPECT_EQ(kudp_guard_source(&guard, 7, 64), KUDP_RESPONDER_PORT);
  EXPECT_EQ(kudp_guard_source(&guard, 0, 64), KUDP_SOURCE_PORT) << "nobody is there";

  rules = kDefault;
  rules.responder_port = false;
  guard = kudp_guard_make(&rules, true, 0, ports.bits.data(), 1);
  EXPECT_EQ(kudp_guard_source(&guard, 9000, 64), KUDP_ACCEPT);
  EXPECT_EQ(kudp_guard_source(&guard, 7, 64), KUDP_LOW_PORT);

  rules = kDefault;
  rules.hop_limit = false;
  guard = kudp_guard_make(&rules, true, 0, ports.bits.data(), 1);
  EXPECT_EQ(kudp_guard_source(&guard, 40000, 1), KUDP_ACCEPT);
  EXPECT_EQ(kudp_guard_hops(&guard, 1, 64), 64u);
}

// A session sender of STAMP may ask from port 862 (RFC 8762 section 4.1).
TEST(Guard, AReplyMayHaveClientsOnOneLowPort) {
  Ports ports;
  const kudp_guard guard = kudp_guard_make(&kDefault, true, 862, ports.bits.data(), 1);
  EXPECT_EQ(kudp_guard_source(&guard, 862, 64), KUDP_ACCEPT);
  for (const unsigned short port : {1, 7, 861, 863, 1023})
    EXPECT_EQ(kudp_guard_source(&guard, port, 64), KUDP_LOW_PORT) << port;
  EXPECT_EQ(kudp_guard_source(&guard, 0, 64), KUDP_SOURCE_PORT);
}

TEST(Guard, TakesEverythingWhereNothingIsAnswered) {
  Ports ports;
  ports.set(9000);
  const kudp_guard guard = kudp_guard_make(&kDefault, false, 0, ports.bits.data(), 1);
  for (const unsigned port : {0u, 53u, 9000u})
    EXPECT_EQ(kudp_guard_source(&guard, port, 0), KUDP_ACCEPT) << port;
}

// Two responders that answer each other, whatever their ports: each bounce costs a hop.
TEST(Guard, ALoopEnds) {
  const kudp_guard guard = kudp_guard_make(&kDefault, true, 0, nullptr, 1);
  for (const unsigned first : {1u, 2u, 64u, 65u, 255u}) {
    unsigned hops = first, bounces = 0;
    while (kudp_guard_source(&guard, 40000, hops) == KUDP_ACCEPT) {
      hops = kudp_guard_hops(&guard, hops, 64);
      ASSERT_LE(hops, 64u);
      ASSERT_LE(++bounces, 64u);
    }
    EXPECT_EQ(bounces, first == 255 ? 64u : first - 1);
  }
}

TEST(Bucket, HoldsASecondsRequests) {
  const kudp_rate rate = kudp_rate_share(10, 1);
  __u64 full = 0, now = 5 * KUDP_SECOND;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(kudp_bucket_take(&rate, &full, now, 1)) << i;
  EXPECT_FALSE(kudp_bucket_take(&rate, &full, now, 1));
  EXPECT_FALSE(kudp_bucket_take(&rate, &full, now + KUDP_SECOND / 10 - 1, 1));
  EXPECT_TRUE(kudp_bucket_take(&rate, &full, now + KUDP_SECOND / 10, 1));
  EXPECT_FALSE(kudp_bucket_take(&rate, &full, now + KUDP_SECOND / 10, 1));
  EXPECT_TRUE(kudp_bucket_take(&rate, &full, now + 10 * KUDP_SECOND, 1));
  EXPECT_FALSE(kudp_bucket_take(&rate, &full, now + 10 * KUDP_SECOND, 10)) << "all or nothing";
  EXPECT_TRUE(kudp_bucket_take(&rate, &full, now + 10 * KUDP_SECOND, 9));
}

TEST(Bucket, LendsWhatIsMoreThanItHolds) {
  const kudp_rate rate = kudp_rate_share(10, 1);
  __u64 full = 0, now = 5 * KUDP_SECOND;
  EXPECT_TRUE(kudp_bucket_take(&rate, &full, now, 16));
  EXPECT_FALSE(kudp_bucket_take(&rate, &full, now + 7 * KUDP_SECOND / 10 - 1, 1));
  EXPECT_TRUE(kudp_bucket_take(&rate, &full, now + 7 * KUDP_SECOND / 10, 1));
  EXPECT_FALSE(kudp_bucket_take(&rate, &full, now + 17 * KUDP_SECOND / 10 - 1, 16));
  EXPECT_TRUE(kudp_bucket_take(&rate, &full, now + 17 * KUDP_SECOND / 10, 16));
}

TEST(Bucket, IsSharedByTheWorkers) {
  for (const unsigned per_second : {1u, 3u, 10u, 1000u, 100'000'000u})
    for (const unsigned workers : {1u, 2u, 7u, 512u}) {
      const kudp_rate rate = kudp_rate_share(per_second, workers);
      __u64 full = 0, taken = 0;
      const __u64 tick = KUDP_SECOND / 250, seconds = 20;
      for (__u64 now = tick; now <= seconds * KUDP_SECOND; now += tick)
        for (int tries = 0; tries < 4 && kudp_bucket_take(&rate, &full, now, 1); ++tries) ++taken;
      // Nobody gets more than a share of each second and one burst; who asks enough gets his share.
      EXPECT_LE(taken * workers, (seconds + 1) * per_second + workers);
      if (per_second <= workers * 100) {
        EXPECT_GE((taken + 1) * workers, seconds * per_second);
      }
    }
  EXPECT_EQ(kudp_rate_share(0, 4).gap, 0u);
}

// A naive bucket: tokens as a fraction, refilled by the time that went by.
TEST(Bucket, BehavesAsOneThatCountsTokens) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    const kudp_rate rate = kudp_rate_share(1 + random() % 1000, 1 + random() % 4);
    const auto depth = static_cast<__int128_t>(rate.depth);
    __int128_t credit = depth;  // in nanoseconds, as a request costs `gap`
    __u64 now = 1 + random() % KUDP_SECOND, full = 0;
    for (int i = 0; i < 500; ++i) {
      const __u64 passed = random() % (3 * rate.gap);
      const unsigned n = random() % 3;
      now += passed;
      credit = std::min(depth, credit + passed);
      const bool expected = credit >= n * rate.gap || credit == depth;
      if (expected) credit -= n * rate.gap;
      ASSERT_EQ(kudp_bucket_take(&rate, &full, now, n), expected);
    }
  }
}

class Buckets : public testing::Test {
 protected:
  std::vector<kudp_bucket> table_ = std::vector<kudp_bucket>(KUDP_BUCKETS);
  static constexpr __u64 kSeed = 0x9e3779b97f4a7c15;
};

TEST_F(Buckets, AreFoundAgain) {
  std::map<__u64, kudp_bucket*> found;
  for (unsigned i = 0; i < 200; ++i) {
    const __u64 prefix = kudp_prefix_ipv4(0xc6120000 + (i << 8), 0xffffff00);
    found[prefix] = kudp_bucket_find(table_.data(), kSeed, prefix);
    found[prefix]->full = 1 + i;
  }
  EXPECT_EQ(found.size(), 200u);
  for (const auto& [prefix, bucket] : found) {
    EXPECT_EQ(kudp_bucket_find(table_.data(), kSeed, prefix), bucket);
    EXPECT_EQ(bucket->prefix, prefix);
  }
}

// A flood from forged sources: the table neither grows nor refuses somebody for what others did.
TEST_F(Buckets, AFloodOfPrefixesRefusesNobodyElse) {
  kudp_rules rules = kDefault;
  rules.rate_prefix = 2;
  kudp_guard guard = kudp_guard_make(&rules, true, 0, nullptr, 1);
  guard.seed = kSeed;
  kudp_credit credit{0, table_.data()};
  std::mt19937_64 random(2);
  for (int i = 0; i < 200'000; ++i) {
    const auto address = static_cast<__u32>(random());
    kudp_guard_ipv4(&guard, &credit, address, KUDP_SECOND, 1);
    if (i % 1000 == 0) {
      const kudp_address innocent{0xfd00ULL << 48 | static_cast<__u64>(i) << 8, 1};
      EXPECT_EQ(kudp_guard_ipv6(&guard, &credit, innocent, KUDP_SECOND, 1), KUDP_ACCEPT);
    }
  }
}

TEST_F(Buckets, TheFullestIsForgotten) {
  // As many as a set holds, and one more, found by trying.
  std::vector<__u64> same_set;
  kudp_bucket* const set = table_.data();
  for (__u64 prefix = 1; same_set.size() <= KUDP_BUCKET_WAYS; ++prefix)
    if (prefix * kSeed >> (64 - KUDP_BUCKET_SET_BITS) == 0) same_set.push_back(prefix);
  for (int i = 0; i < KUDP_BUCKET_WAYS; ++i)
    kudp_bucket_find(set, kSeed, same_set[i])->full = 100 - i;
  kudp_bucket* const last = kudp_bucket_find(set, kSeed, same_set.back());
  EXPECT_EQ(last->full, 0u);
  EXPECT_EQ(last, &set[KUDP_BUCKET_WAYS - 1]);
}

TEST_F(Buckets, LimitAPrefixAndNotItsNeighbour) {
  kudp_rules rules = kDefault;
  rules.rate_prefix = 3;
  kudp_guard guard = kudp_guard_make(&rules, true, 0, nullptr, 1);
  guard.seed = kSeed;
  kudp_credit credit{0, table_.data()};
  const auto ask4 = [&](const char* address) {
    return kudp_guard_ipv4(&guard, &credit, ntohl(inet_addr(address)), KUDP_SECOND, 1);
  };
  for (const char* address : {"198.18.1.1", "198.18.1.2", "198.18.1.255"})
    EXPECT_EQ(ask4(address), KUDP_ACCEPT);
  EXPECT_EQ(ask4("198.18.1.77"), KUDP_RATE_PREFIX);
  EXPECT_EQ(ask4("198.18.2.1"), KUDP_ACCEPT);
  const auto ask6 = [&](__u64 high) {
    return kudp_guard_ipv6(&guard, &credit, {high, 1}, KUDP_SECOND, 1);
  };
  for (const __u64 host : {0, 1, 255}) EXPECT_EQ(ask6(0xfd006b7564700000 + host), KUDP_ACCEPT);
  EXPECT_EQ(ask6(0xfd006b7564700000), KUDP_RATE_PREFIX);
  EXPECT_EQ(ask6(0xfd006b7564700100), KUDP_ACCEPT);
}

TEST_F(Buckets, WhatAPrefixIsRefusedDoesNotCountForAll) {
  kudp_rules rules = kDefault;
  rules.rate = 4;
  rules.rate_prefix = 2;
  kudp_guard guard = kudp_guard_make(&rules, true, 0, nullptr, 1);
  guard.seed = kSeed;
  kudp_credit credit{0, table_.data()};
  const auto ask = [&](unsigned prefix) {
    return kudp_guard_ipv4(&guard, &credit, 0x0a000001 + (prefix << 8), KUDP_SECOND, 1);
  };
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ask(0), i < 2 ? KUDP_ACCEPT : KUDP_RATE_PREFIX);
  EXPECT_EQ(ask(1), KUDP_ACCEPT);
  EXPECT_EQ(ask(2), KUDP_ACCEPT);
  EXPECT_EQ(ask(3), KUDP_RATE);
}

}  // namespace
