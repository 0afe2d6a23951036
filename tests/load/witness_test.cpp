// SPDX-License-Identifier: GPL-2.0-only
//
// An independent witness: what the kernel's own taps saw of a run, read by libpcap, is held against
// what the run said of itself. In a network namespace of its own, for which it needs root.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "loadgen/base/payload.hpp"
#include "loadgen/run/run.hpp"
#include "loadgen/run/verdict.hpp"
#include "tests/load/undisturbed.hpp"
#include "tests/unit/test_server.hpp"

namespace kudp {
namespace {

// While it lives, this thread and those it starts are in a namespace with nothing but loopback.
class OwnNetwork {
 public:
  OwnNetwork() : before_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (unshare(CLONE_NEWNET)) return;
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    own_ = ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
  }
  ~OwnNetwork() {
    if (own_ && setns(before_.get(), CLONE_NEWNET)) ADD_FAILURE() << "setns";
  }
  OwnNetwork(const OwnNetwork&) = delete;

  bool own() const { return own_; }

 private:
  Fd before_;
  bool own_ = false;
};

// Of one request: when it and its first reply passed the tap, in nanoseconds.
struct Passage {
  std::int64_t request = 0;
  std::int64_t reply = 0;
};

// Sees all datagrams to and from one port of 127.0.0.1 from construction to stop().
class Witness {
 public:
  explicit Witness(int port) : port_(port), pcap_(pcap_create("lo", error_), pcap_close) {
    pcap_set_snaplen(pcap_.get(), 128);
    pcap_set_buffer_size(pcap_.get(), 64 << 20);
    pcap_set_timeout(pcap_.get(), 50);
    pcap_set_tstamp_precision(pcap_.get(), PCAP_TSTAMP_PRECISION_NANO);
    if (pcap_activate(pcap_.get()) < 0 || pcap_setnonblock(pcap_.get(), 1, error_) < 0)
      throw std::runtime_error(pcap_geterr(pcap_.get()));
    thread_ = std::jthread([this](const std::stop_token& stop) {
      do std::this_thread::sleep_for(std::chrono::milliseconds(20));
      while (pcap_dispatch(pcap_.get(), -1, take, reinterpret_cast<u_char*>(this)) > 0 ||
             !stop.stop_requested());
    });
  }

  void stop() {
    thread_ = {};
    pcap_stat statistics{};
    pcap_stats(pcap_.get(), &statistics);
    missed_ = statistics.ps_drop;
  }

  unsigned missed() const { return missed_; }
  const std::map<std::uint64_t, Passage>& passages() const { return passages_; }

 private:
  static void take(u_char* self, const pcap_pkthdr* header, const u_char* frame) {
    reinterpret_cast<Witness*>(self)->take(*header, frame);
  }

  // Ethernet, IPv4 without options, UDP, and of the payload check, flow and sequence number.
  void take(const pcap_pkthdr& header, const u_char* frame) {
    constexpr std::size_t kUdp = 14 + 20, kPayload = kUdp + 8;
    if (header.caplen < kPayload + Payload::kSmallest || frame[23] != IPPROTO_UDP) return;
    const auto port = [&](std::size_t at) { return frame[kUdp + at] << 8 | frame[kUdp + at + 1]; };
    std::uint64_t sequence;
    std::memcpy(&sequence, frame + kPayload + 8, sizeof sequence);
    const auto time = header.ts.tv_sec * kSecond + header.ts.tv_usec;  // with that precision, ns
    if (port(2) == port_) passages_[sequence].request = time;
    auto& reply = passages_[sequence].reply;
    if (port(0) == port_ && reply == 0) reply = time;
  }

  int port_;
  char error_[PCAP_ERRBUF_SIZE] = "";
  std::unique_ptr<pcap_t, void (*)(pcap_t*)> pcap_;
  std::map<std::uint64_t, Passage> passages_;
  unsigned missed_ = 0;
  std::jthread thread_;
};

std::int64_t percentile(std::vector<std::int64_t> values, double percent) {
  std::ranges::sort(values);
  const auto rank = std::ceil(static_cast<double>(values.size()) * percent / 100);
  return values.at(static_cast<std::size_t>(std::max(rank, 1.0)) - 1);
}

// One in ten is answered 5 ms later than the others and one in a hundred never, and the latency's
// percentiles are far from each other.
void answer(std::uint64_t number, const Bytes& request, const Send& send) {
  if (number % 100 == 99) return;
  const auto until = now_ns() + (number % 10 == 0 ? 5 : 0) * kMillisecond + 100 * kMicrosecond;
  while (now_ns() < until) continue;
  send(request);
}

TEST(Witness, SawWhatTheRunReports) {
  const OwnNetwork network;
  if (!network.own()) GTEST_SKIP() << "no network namespace of its own: run as root";
  Server server(answer);
  RunOptions options;
  options.loop = Loop::open;
  options.target = server.target();
  options.rate = 500;
  options.duration = 4 * kSecond;
  options.warmup = 0;
  options.timeout = 500 * kMillisecond;
  options.flows = 4;

  sockaddr_in address{};
  std::memcpy(&address, options.target.data(), sizeof address);
  Witness witness(ntohs(address.sin_port));
  const RunResult result = [&] {
    const Undisturbed undisturbed;
    return run(options);
  }();
  witness.stop();
  ASSERT_EQ(witness.missed(), 0U);

  // Counts are the same to the last datagram.
  std::vector<std::int64_t> times, latencies;
  for (const auto& [sequence, passage] : witness.passages()) {
    times.push_back(passage.request);
    if (passage.reply != 0) latencies.push_back(passage.reply - passage.request);
  }
  EXPECT_EQ(times.size(), result.counts.sent);
  EXPECT_EQ(latencies.size(), result.counts.answered + result.counts.late);
  EXPECT_EQ(times.size() - latencies.size(), result.counts.lost);

  // The rate within 0.5 %.
  const auto [first, last] = std::ranges::minmax(times);
  const auto rate =
      static_cast<double>(times.size() - 1) * kSecond / static_cast<double>(last - first);
  EXPECT_NEAR(rate, result.sent_per_s(), 0.005 * rate);

  // The generator sees each request earlier and each reply later than the tap does, so on any
  // machine its percentiles are never lower. On one that lets it run they are hardly higher.
  const Verdict verdict = judge(options, result);
  for (const double percent : {10., 50., 90., 95., 99.}) {
    const auto seen = percentile(latencies, percent);
    const auto said = static_cast<std::int64_t>(result.service.percentile(percent));
    EXPECT_GE(said, seen) << "p" << percent;
    if (verdict.valid) {
      EXPECT_LE(said, seen + std::max(seen / 50, 500 * kMicrosecond)) << "p" << percent;
    }
  }
  EXPECT_GT(percentile(latencies, 95), 5 * kMillisecond);
  if (!verdict.valid)
    GTEST_SKIP() << "counts, rate and lower bounds hold; the upper bounds want a quieter machine: "
                 << verdict.notes.front();
}

}  // namespace
}  // namespace kudp
