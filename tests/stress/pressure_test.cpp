// SPDX-License-Identifier: GPL-2.0-only
// More than can be sent, less memory than is wanted: what is dropped is
// counted under its reason, what is kept stays within its bound, and all is well again by itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <sstream>
#include <thread>

#include "tests/guest/flood.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"
#include "tests/stress/frame.hpp"
#include "tests/stress/kernel_counters.hpp"

namespace kudp::stress {
namespace {

using namespace guest;
using namespace std::chrono_literals;

constexpr std::uint64_t kRequests = 2000;

struct Engine {
  const char* name;
  Responder::Settings settings;
};

void PrintTo(const Engine& engine, std::ostream* out) {
  *out << engine.name;
}

class Backpressure : public testing::TestWithParam<Engine> {
 protected:
  Responder::Settings settings(const std::string& address) const {
    Responder::Settings all = GetParam().settings;
    all.insert(all.end(), {{"address", address}, {"port", "9000"}, {"enabled", "1"}});
    return all;
  }
};

const Engine kEngines[] = {
    {"classic", {{"engine", "classic"}}},
    {"kthread", {{"engine", "kthread"}}},
    {"softirq", {{"engine", "softirq"}}},
};
INSTANTIATE_TEST_SUITE_P(, Backpressure, testing::ValuesIn(kEngines),
                         [](const auto& test) { return std::string(test.param.name); });

std::uint64_t of_device(const std::string& device, const std::string& counter) {
  return std::stoull(read_file("/sys/class/net/" + device + "/statistics/" + counter));
}

// What UDP dropped on its way out of a socket, and told its program was sent.
std::uint64_t dropped_by_udp() {
  return protocol_counters().at("Udp.SndbufErrors");
}

void know_each_other(const std::string& state) {
  run("ip neighbour change 198.18.1.9 dev kudp-s nud " + state);
  run("ip -n kudp-client neighbour change 198.18.1.1 dev kudp-c nud " + state);
}

// A queueing discipline that holds what it has for longer than the test lasts, 100 packets at most.
TEST_P(Backpressure, AQueueThatDoesNotMove) {
  constexpr std::uint64_t kHeld = 100;
  const Responder responder("r", settings(kServer4));
  Client client(Where::kClient, at(kServer4, 9000));
  Client::Reply reply;
  client.send("x");
  ASSERT_TRUE(client.receive(reply)) << "the neighbours know each other";
  // And go on doing so: the queue holds what they would ask each other again.
  know_each_other("permanent");
  run("tc qdisc add dev kudp-s root netem delay 200s limit 100");
  const auto by_udp_before = dropped_by_udp();
  const auto sent_before = of_device("kudp-s", "tx_packets");
  for (std::uint64_t i = 0; i < kRequests; ++i) client.send(payload(64, i));
  Counters counters = responder.settled(1 + kRequests);
  const auto sent = of_device("kudp-s", "tx_packets") - sent_before;
  const auto by_udp = dropped_by_udp() - by_udp_before;
  run("tc qdisc delete dev kudp-s root");
  know_each_other("reachable");
  EXPECT_EQ(counters["received"], 1 + kRequests);
  EXPECT_TRUE(adds_up(counters));
  EXPECT_EQ(sent, 0u);
  // What IPv6 says of itself may have a place or two.
  EXPECT_LE(counters["answered"] - by_udp, 1 + kHeld);
  EXPECT_GE(counters["answered"] - by_udp, kHeld - 5);
  EXPECT_GE(counters["send_failed"] + by_udp, kRequests - kHeld);
  client.send("x");
  EXPECT_TRUE(client.receive(reply)) << "and once it moves, it is answered again";
}

// A tun device of which nobody reads: its ring is full, and the device counts what it drops.
class Tun {
 public:
  Tun() : fd_(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)) {
    ifreq request{};
    std::strcpy(request.ifr_name, "kudp-tun");
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (ioctl(fd_.get(), TUNSETIFF, &request))
      throw std::system_error(errno, std::generic_category(), "kudp-tun");
    run("sysctl -qw net.ipv6.conf.kudp-tun.disable_ipv6=1");
    run("ip link set kudp-tun txqueuelen 50 up && ip address add 198.18.3.1/24 dev kudp-tun");
  }
  void put(const std::string& packet) const {
    EXPECT_EQ(write(fd_.get(), packet.data(), packet.size()), static_cast<ssize_t>(packet.size()));
  }
  // How many packets waited.
  std::uint64_t drain() const {
    char packet[2048];
    std::uint64_t n = 0;
    while (read(fd_.get(), packet, sizeof packet) > 0) ++n;
    return n;
  }

 private:
  Fd fd_;
};

TEST_P(Backpressure, ADeviceOfWhichNobodyReads) {
  run("modprobe -q tun || test -e /dev/net/tun");
  const Tun tun;
  const Responder responder("r", settings("198.18.3.1"));
  const std::string server("\xc6\x12\x03\x01"), peer("\xc6\x12\x03\x02");
  std::mt19937 random(1);
  const Target target{"", server, peer, "", "", 9000, 9000, 1500};
  FrameMaker maker(target, random);
  const auto ask = [&] {
    tun.put(maker.ipv4(peer, server, "", maker.plain_udp(false, peer, server, 20000, 9000, "x")));
  };
  const auto by_udp_before = dropped_by_udp();
  for (std::uint64_t i = 0; i < kRequests; ++i) ask();
  Counters counters = responder.settled(kRequests);
  EXPECT_EQ(counters["received"], kRequests);
  EXPECT_TRUE(adds_up(counters));
  // What the queueing discipline still has comes a moment later.
  const auto expected = kRequests - counters["hop_limit"] - counters["send_failed"] -
                        (dropped_by_udp() - by_udp_before);
  std::uint64_t read = 0, dropped = 0;
  for (int i = 0; i < 6000 && read + dropped < expected; ++i) {
    std::this_thread::sleep_for(10ms);
    dropped = of_device("kudp-tun", "tx_dropped");
    read += tun.drain();
  }
  EXPECT_GT(read, 0u);
  EXPECT_GT(dropped, kRequests / 2);
  EXPECT_EQ(read + dropped, expected);
  ask();
  EXPECT_EQ(responder.settled(kRequests + 1).at("received"), kRequests + 1);
  EXPECT_EQ(tun.drain(), 1u) << "and once it is read, answers come again";
}

std::uint64_t available_kib() {
  std::istringstream text(read_file("/proc/meminfo"));
  std::string name;
  for (std::uint64_t value; text >> name >> value; std::getline(text, name))
    if (name == "MemAvailable:") return value;
  throw std::runtime_error("no MemAvailable");
}

// Takes memory until no more than `left` is available, and gives it back at the end.
class Hog {
 public:
  explicit Hog(std::uint64_t left_kib) {
    // Half of the rest each time: to look after each MiB takes minutes on a debug kernel.
    for (std::uint64_t now; (now = available_kib()) > left_kib;) {
      const std::size_t size = std::max<std::uint64_t>(1 << 20, (now - left_kib) << 9);
      void* const piece = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
      if (piece == MAP_FAILED) break;
      pieces_.emplace_back(piece, size);
    }
  }
  ~Hog() {
    for (const auto& [piece, size] : pieces_) munmap(piece, size);
  }
  Hog(const Hog&) = delete;
  Hog& operator=(const Hog&) = delete;
  std::size_t mib() const {
    std::size_t sum = 0;
    for (const auto& [piece, size] : pieces_) sum += size;
    return sum >> 20;
  }

 private:
  std::vector<std::pair<void*, std::size_t>> pieces_;
};

TEST_P(Backpressure, AMachineShortOfMemory) {
  constexpr std::uint64_t kLeft = 64 << 10;
  const Responder responder("r", settings("0.0.0.0"));
  Flood outside(Where::kClient, at(kServer4, 9000)), inside(Where::kHere, "127.0.0.1:9000");
  ASSERT_TRUE(outside.flows());
  {
    outside.suspend();
    inside.suspend();
    const Hog hog(kLeft);
    outside.resume();
    inside.resume();
    std::uint64_t least = available_kib();
    for (int i = 0; i < 30; ++i) {
      std::this_thread::sleep_for(100ms);
      least = std::min(least, available_kib());
    }
    EXPECT_TRUE(outside.flows()) << "with " << hog.mib() << " MiB taken";
    EXPECT_TRUE(inside.flows());
    // Two clients of 4 MiB on each side, and a worker's 4 MiB for each CPU, are what may wait.
    EXPECT_GT(least, kLeft / 4) << "KiB";
    std::printf("%zu MiB taken, %lu KiB left at least\n", hog.mib(), least);
  }
  EXPECT_TRUE(outside.flows());
}

}  // namespace
}  // namespace kudp::stress
