// SPDX-License-Identifier: GPL-2.0-only
// kmod/guard.h: under any rules and any source, what must not be answered is not.
#include "kmod/guard.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <vector>

namespace {

kudp_rules rules_of(FuzzedDataProvider& input) {
  kudp_rules rules{};
  rules.low_port = input.ConsumeBool();
  rules.responder_port = input.ConsumeBool();
  rules.hop_limit = input.ConsumeBool();
  rules.rate = input.ConsumeIntegralInRange<unsigned>(0, 3);
  rules.rate_prefix = input.ConsumeIntegralInRange<unsigned>(0, 3);
  rules.prefix_ipv4 = input.ConsumeIntegralInRange<unsigned>(1, 32);
  rules.prefix_ipv6 = input.ConsumeIntegralInRange<unsigned>(1, 64);
  return rules;
}

void check_source(const kudp_rules& rules, unsigned short low_port, const kudp_guard& guard,
                  bool answers, unsigned short port, unsigned short taken, unsigned hops) {
  const bool refused = (rules.low_port && port != low_port && port < KUDP_LOW_PORTS) || port == 0 ||
                       (rules.responder_port && port == taken) || (rules.hop_limit && hops <= 1);
  if ((kudp_guard_source(&guard, port, hops) == KUDP_ACCEPT) != !(answers && refused)) std::abort();
  const unsigned left = kudp_guard_hops(&guard, hops ? hops : 1, 64);
  if (left > 64 || (guard.hop_limit && hops && left >= hops)) std::abort();
}

void check_address(FuzzedDataProvider& input) {
  const auto ipv4 = input.ConsumeIntegral<__u32>();
  const bool bad4 = ipv4 >> 24 == 0 || ipv4 >> 28 == 14 || ipv4 == 0xffffffff;
  if (kudp_is_unicast_ipv4(ipv4) == bad4) std::abort();
  __u8 ipv6[16]{};
  input.ConsumeData(ipv6, sizeof ipv6);
  bool any = true;
  for (const auto byte : ipv6) any = any && byte == 0;
  if (kudp_is_unicast_ipv6(ipv6) == (any || ipv6[0] == 0xff)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  static unsigned long ports[KUDP_PORTS / KUDP_LONG_BITS];
  static std::vector<kudp_bucket> buckets(KUDP_BUCKETS);
  buckets.assign(KUDP_BUCKETS, {});
  const kudp_rules rules = rules_of(input);
  const bool answers = input.ConsumeBool();
  const unsigned short low_port = input.ConsumeBool() ? 862 : 0;
  kudp_guard guard = kudp_guard_make(&rules, answers, low_port, ports,
                                     input.ConsumeIntegralInRange<unsigned>(1, 64));
  guard.seed = input.ConsumeIntegral<__u64>() | 1;
  check_address(input);

  const auto taken = input.ConsumeIntegral<unsigned short>();
  ports[taken / KUDP_LONG_BITS] |= 1UL << taken % KUDP_LONG_BITS;
  for (const unsigned short port : {taken, low_port, input.ConsumeIntegral<unsigned short>()})
    check_source(rules, low_port, guard, answers, port, taken, input.ConsumeIntegral<__u8>());
  ports[taken / KUDP_LONG_BITS] = 0;

  const __u32 range4[2]{0x0a000000, 0x0affffff};
  const kudp_address range6[2]{{0xfdULL << 56, 0}, {0xfdULL << 56 | kudp_beyond(8), ~0ULL}};
  guard.allow = input.ConsumeBool();
  guard.allow_ipv4 = {1, range4};
  guard.allow_ipv6 = {1, range6};
  kudp_credit credit{0, buckets.data()};
  for (__u64 now = 1; input.remaining_bytes() > 0; now += input.ConsumeIntegral<__u32>()) {
    const auto ipv4 = input.ConsumeIntegral<__u32>();
    const kudp_address ipv6{input.ConsumeIntegral<__u64>(), 1};
    const unsigned n = input.ConsumeIntegralInRange<unsigned>(1, 4);
    const auto verdict4 = kudp_guard_ipv4(&guard, &credit, ipv4, now, n);
    const auto verdict6 = kudp_guard_ipv6(&guard, &credit, ipv6, now, n);
    if ((verdict4 == KUDP_NOT_ALLOWED) != (guard.allow && ipv4 >> 24 != 10)) std::abort();
    if ((verdict6 == KUDP_NOT_ALLOWED) != (guard.allow && ipv6.high >> 56 != 0xfd)) std::abort();
    if (!rules.rate && (verdict4 == KUDP_RATE || verdict6 == KUDP_RATE)) std::abort();
    if (!rules.rate_prefix && (verdict4 == KUDP_RATE_PREFIX || verdict6 == KUDP_RATE_PREFIX))
      std::abort();
  }
  return 0;
}
