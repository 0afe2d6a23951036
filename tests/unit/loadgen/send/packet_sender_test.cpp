// SPDX-License-Identifier: GPL-2.0-only
//
// Whole frames, sent over a veth into another network namespace, and looked at there by the kernel,
// which believes no wrong checksum, and by their payload. Makes namespaces, for which it needs
// root.
#include "loadgen/send/packet_sender.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "loadgen/run/blast.hpp"

namespace kudp {
namespace {

constexpr int kReceiveBuffer = 32 << 20;

bool shell(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

// What came to one port, by where it came from.
struct Arrived {
  std::map<std::string, std::set<std::uint64_t>> sequences;
  std::size_t good = 0, others = 0;
};

// A thread in a namespace of its own, at the other end of a veth of this thread's.
class Neighbour {
 public:
  Neighbour() {
    std::promise<int> ready;
    auto inside = ready.get_future();
    thread_ = std::jthread([&ready, work = work_.get_future()]() mutable {
      ready.set_value(unshare(CLONE_NEWNET) ? 0 : gettid());
      work.get()();
    });
    const int there = inside.get();
    up_ = there != 0 && unshare(CLONE_NEWNET) == 0 &&
          shell("ip link set lo up && ip link add kudp0 type veth peer name kudp1 netns " +
                std::to_string(there) +
                " && ip addr add 198.18.9.1/24 dev kudp0"
                " && ip addr add fd00:6b75:6470:9::1/64 dev kudp0 nodad && ip link set kudp0 up");
  }
  ~Neighbour() {
    all_is_sent();
    if (!given_) work_.set_value([] {});
  }
  Neighbour(const Neighbour&) = delete;

  bool up() const { return up_; }

  // Has the thread count what comes to `endpoint` until all is sent and nothing has come for half a
  // second.
  std::future<Arrived> receive(const std::string& endpoint, std::size_t size) {
    given_ = true;
    std::promise<void> listening;
    auto listens = listening.get_future();
    std::promise<Arrived> arrived;
    auto future = arrived.get_future();
    work_.set_value([=, this,
                     listening = std::make_shared<std::promise<void>>(std::move(listening)),
                     arrived = std::make_shared<std::promise<Arrived>>(std::move(arrived))] {
      const bool up = shell(
          "ip addr add 198.18.9.2/24 dev kudp1 &&"
          " ip addr add fd00:6b75:6470:9::2/64 dev kudp1 nodad && ip link set kudp1 up");
      const Endpoint own = resolve(endpoint);
      const Fd socket(::socket(own.family(), SOCK_DGRAM, 0));
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
      const timeval wait{0, 500'000};
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
      EXPECT_TRUE(up && bind(socket.get(), own.data(), own.length) == 0);
      listening->set_value();
      arrived->set_value(take_all(socket, size));
    });
    listens.get();
    return future;
  }
  void all_is_sent() { all_is_sent_ = true; }

 private:
  Arrived take_all(const Fd& socket, std::size_t size) const {
    const Payload payload(size, 0);
    Arrived arrived;
    std::vector<std::byte> data(65536);
    for (;;) {
      Endpoint from;
      from.length = sizeof from.address;
      const auto bytes = recvfrom(socket.get(), data.data(), data.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from.address), &from.length);
      if (bytes < 0 && !all_is_sent_) continue;
      if (bytes < 0) return arrived;
      const auto length = static_cast<std::size_t>(bytes);
      auto found = payload.match(data.data(), length, 0);
      for (std::uint32_t flow = 1; flow < 3 && found.match != Payload::Match::ours; ++flow)
        found = payload.match(data.data(), length, flow);
      if (found.match != Payload::Match::ours) {
        ++arrived.others;
        continue;
      }
      ++arrived.good;
      arrived.sequences[from.str()].insert(found.sequence);
    }
  }

  std::promise<std::function<void()>> work_;
  bool up_ = false, given_ = false;
  std::atomic<bool> all_is_sent_ = false;
  std::jthread thread_;
};

RunOptions frames_to(const std::string& target, std::size_t size) {
  RunOptions options;
  options.target = resolve(target);
  options.backend = Backend::packet;
  options.size = size;
  options.flows = 3;
  options.batch = 16;
  options.warmup = 0;
  options.duration = 20 * kMillisecond;
  return options;
}

// Runs in a thread of its own: a namespace cannot be left without the right to.
template <class Test>
void in_a_thread(Test&& test) {
  std::jthread([&] {
    try {
      test();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }).join();
}

class PacketOf : public testing::TestWithParam<std::tuple<const char*, std::size_t>> {};

TEST_P(PacketOf, AllThatIsSentArrivesAsItWas) {
  const std::string endpoint = std::get<0>(GetParam());
  const std::size_t size = std::get<1>(GetParam());
  bool up = false;
  in_a_thread([&] {
    Neighbour neighbour;
    if (!(up = neighbour.up())) return;
    auto future = neighbour.receive(endpoint, size);
    Interrupt interrupt;
    auto options = frames_to(endpoint, size);
    auto result = blast(options, interrupt);
    // Other work may stop this thread for all of a short time.
    while (result.sent == 0 && options.duration < kSecond) {
      options.duration *= 2;
      result = blast(options, interrupt);
    }
    neighbour.all_is_sent();
    const auto arrived = future.get();
    ASSERT_GT(result.sent, 0U);
    // The first of each flow came by its socket, again where a neighbour was slow to answer.
    EXPECT_GE(arrived.good, result.sent + 3);
    EXPECT_LE(arrived.good, result.sent + 3 * 30);
    EXPECT_EQ(arrived.others, 0U);
    EXPECT_EQ(arrived.sequences.size(), 3U);
    std::set<std::uint64_t> all;
    for (const auto& [source, sequences] : arrived.sequences)
      all.insert(sequences.begin(), sequences.end());
    EXPECT_EQ(all.size(), result.sent);
    EXPECT_EQ(*all.rbegin() + 1, result.sent);
  });
  if (!up) GTEST_SKIP() << "no network namespaces of its own: run as root";
}

INSTANTIATE_TEST_SUITE_P(Both, PacketOf,
                         testing::Combine(testing::Values("198.18.9.2:9000",
                                                          "[fd00:6b75:6470:9::2]:9000"),
                                          testing::Values(16, 17, 64, 1400)));

std::string refusal(const std::string& target, std::size_t size = 64) {
  try {
    Interrupt interrupt;
    blast(frames_to(target, size), interrupt);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(Packet, WhereNoFrameCanGoItSaysSo) {
  bool up = false;
  in_a_thread([&] {
    Neighbour neighbour;
    if (!(up = neighbour.up())) return;
    EXPECT_EQ(refusal("127.0.0.1:9"),
              "--backend packet: 127.0.0.1:9 is reached by lo, want an Ethernet device");
    EXPECT_EQ(refusal("198.18.9.77:9"),
              "--backend packet: no frame leaves for 198.18.9.77:9: no neighbour answers there");
    EXPECT_EQ(refusal("198.18.9.2:9", 1500),
              "--backend packet: --size 1500 does not fit a frame to 198.18.9.2:9");
    EXPECT_NE(refusal("203.0.113.1:9").find("unreachable"), std::string::npos);
  });
  if (!up) GTEST_SKIP() << "no network namespaces of its own: run as root";
}

}  // namespace
}  // namespace kudp
