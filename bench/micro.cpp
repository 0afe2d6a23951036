// SPDX-License-Identifier: GPL-2.0-only
//
// What a request costs in the pieces that have a hot path of their own: of the generator, of the
// userspace servers, and of the module what compiles outside the kernel. For changes to one of
// them, before and after on the same machine; figures of different machines do not compare.
#include <benchmark/benchmark.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "bench/baseline/reply.hpp"
#include "kmod/guard.h"
#include "kmod/policy.h"
#include "loadgen/base/frame.hpp"
#include "loadgen/base/payload.hpp"
#include "loadgen/schedule/pace.hpp"
#include "loadgen/statistics/histogram.hpp"
#include "loadgen/statistics/outstanding.hpp"

namespace {

using benchmark::DoNotOptimize;
using benchmark::State;
using namespace kudp;

constexpr std::size_t kBurst = 64;
constexpr std::uint64_t kKey = 0x6b756470;

// Latencies as they come: mostly alike, some far out.
std::vector<std::int64_t> latencies() {
  std::vector<std::int64_t> values(4096);
  std::uint64_t state = 1;
  for (auto& value : values) {
    state = state * 6364136223846793005 + 1442695040888963407;
    value = static_cast<std::int64_t>(20'000 + (state >> 50) + (state >> 61 ? 0 : state >> 34));
  }
  return values;
}

// Into the kernel and back: what batches save. scripts/bench-load tells it with its ratios.
void system_call(State& state) {
  for (auto _ : state) DoNotOptimize(syscall(SYS_getppid));
}

void histogram_record(State& state) {
  const auto values = latencies();
  Histogram histogram;
  std::size_t i = 0;
  for (auto _ : state) histogram.record(values[i++ % values.size()]);
  DoNotOptimize(histogram.max());
}

// A burst of 64 in each iteration, as a worker asks for them.
void pace_open(State& state) {
  OpenPace pace(Schedule(0, 1000.5));
  std::array<std::int64_t, kBurst> intended{};
  std::int64_t now = 0;
  for (auto _ : state) {
    now += kBurst * 1001;
    DoNotOptimize(pace.take(now, 0, intended));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBurst));
}

void pace_closed(State& state) {
  ClosedPace pace(kBurst);
  std::array<std::int64_t, kBurst> intended{};
  std::int64_t now = 0;
  for (auto _ : state) {
    DoNotOptimize(pace.take(++now, 0, intended));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBurst));
}

void payload_stamp(State& state) {
  constexpr std::size_t kSize = 64;
  const Payload payload(kSize, kKey);
  std::array<std::byte, kBurst * kSize> requests{};
  for (std::size_t i = 0; i < kBurst; ++i) payload.fill(requests.data() + i * kSize);
  std::uint64_t sequence = 0;
  for (auto _ : state) {
    payload.stamp(requests.data(), kBurst, kSize, 7, sequence);
    sequence += kBurst;
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBurst));
}

void payload_match(State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const Payload payload(size, kKey);
  std::vector<std::byte> reply(size);
  payload.fill(reply.data());
  payload.stamp(reply.data(), 1, size, 7, 42);
  if (payload.match(reply.data(), size, 7).match != Payload::Match::ours)
    return state.SkipWithError("a reply of ours does not match");
  for (auto _ : state) {
    benchmark::ClobberMemory();
    DoNotOptimize(payload.match(reply.data(), size, 7));
  }
}

// A request sent and answered, 64 at a time.
void outstanding(State& state) {
  Outstanding table(65536, 1'000'000'000);
  std::array<std::int64_t, kBurst> intended{};
  std::uint64_t newest = 0;
  std::int64_t now = 0;
  for (auto _ : state) {
    intended.fill(++now);
    const auto first = table.next();
    table.sent(intended, true, now);
    for (std::size_t i = 0; i < kBurst; ++i)
      DoNotOptimize(table.reply(first + i, now + 20'000, newest));
  }
  if (table.counts().answered != table.next()) state.SkipWithError("not all were answered");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBurst));
}

// The module's decision whom to answer, with the rules that are on by default.
void decide_kernel(State& state) {
  const kudp_policy policy{KUDP_ECHO, 9000, 0, false};
  const kudp_rules rules{true, true, true, 0, 0, 24, 56};
  const std::vector<unsigned long> ports(KUDP_PORTS / KUDP_LONG_BITS);
  const kudp_guard guard = kudp_guard_make(&rules, true, 0, ports.data(), 1);
  unsigned short port = 40000;
  for (auto _ : state) {
    DoNotOptimize(port);
    DoNotOptimize(kudp_guard_source(&guard, port, 64));
    DoNotOptimize(kudp_decide(&policy, 64));
  }
}

// What a limit for each prefix adds to that, for requests from many.
void decide_kernel_rates(State& state) {
  const kudp_rules rules{true, true, true, 100'000'000, 100'000'000, 24, 56};
  kudp_guard guard = kudp_guard_make(&rules, true, 0, nullptr, 1);
  guard.seed = 0x9e3779b97f4a7c15;
  std::vector<kudp_bucket> buckets(KUDP_BUCKETS);
  kudp_credit credit{0, buckets.data()};
  std::uint32_t address = 0xc6120000;
  std::uint64_t now = 1;
  for (auto _ : state) {
    address = 0xc6120000 + (address + 256) % 65536;
    DoNotOptimize(kudp_guard_ipv4(&guard, &credit, address, now += 1000, 1));
  }
}

// The userspace servers' decision.
void decide_baseline(State& state) {
  const baseline::Reply reply;
  in_port_t port = 1;
  for (auto _ : state) {
    DoNotOptimize(port);
    DoNotOptimize(baseline::judge(reply, 64, port, 9000));
  }
}

// A frame of 64 bytes of payload, its checksum complete, turned into its reply and back.
void reply_turn_round(State& state) {
  alignas(8) std::array<char, 2048> room{};
  auto* const eth = reinterpret_cast<ethhdr*>(room.data() + Frame::kAlign);
  eth->h_proto = htons(ETH_P_IP);
  auto* const ip = reinterpret_cast<iphdr*>(eth + 1);
  ip->version = 4;
  ip->ihl = 5;
  ip->saddr = htonl(0xc6120001);
  ip->daddr = htonl(0xc6120002);
  auto* const udp = reinterpret_cast<udphdr*>(ip + 1);
  udp->len = htons(sizeof *udp + 64);
  udp->check = 1;
  for (auto _ : state) {
    Frame(room.data() + Frame::kAlign).turn_round();
    benchmark::ClobberMemory();
  }
}

void reply_text_sum(State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) DoNotOptimize(sum_of(text));
}

BENCHMARK(system_call);
BENCHMARK(histogram_record);
BENCHMARK(pace_open);
BENCHMARK(pace_closed);
BENCHMARK(payload_stamp);
BENCHMARK(payload_match)->Arg(64)->Arg(1024);
BENCHMARK(outstanding);
BENCHMARK(decide_kernel);
BENCHMARK(decide_kernel_rates);
BENCHMARK(decide_baseline);
BENCHMARK(reply_turn_round);
BENCHMARK(reply_text_sum)->Arg(64)->Arg(1024);

}  // namespace

BENCHMARK_MAIN();
