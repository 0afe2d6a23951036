// SPDX-License-Identifier: GPL-2.0-only
// A receive queue that overflows, because the worker gets no time or UDP no memory: what is dropped
// is counted under its reason and is exactly what is missing, what waits stays within its bound,
// and as soon as there is time and memory again nothing is dropped any more.
#include <gtest/gtest.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <sys/socket.h>

#include <functional>
#include <thread>

#include "loadgen/base/cpus.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"
#include "tests/stress/kernel_counters.hpp"

namespace kudp::stress {
namespace {

using namespace guest;

constexpr int kCpu = 1;
constexpr std::size_t kPayload = 1000;

// A setting of the kernel that is another until the object goes.
class Setting {
 public:
  Setting(const std::string& name, const std::string& value)
      : path_("/proc/sys/" + name), before_(read_file(path_)) {
    EXPECT_EQ(write_file(path_, value), 0) << path_;
  }
  ~Setting() { EXPECT_EQ(write_file(path_, before_), 0) << path_; }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

 private:
  std::string path_, before_;
};

void set_policy(int pid, int policy, int priority) {
  const sched_param parameter{priority};
  ASSERT_EQ(sched_setscheduler(pid, policy, &parameter), 0) << "of " << pid;
}

// Runs `what` on kCpu, in front of all that is no softirq: what it sends arrives, the worker waits.
void in_front_of_the_worker(const std::function<void()>& what) {
  // A real-time thread keeps what it has taken, and ksoftirqd, should it get the softirqs, takes
  // it.
  const Setting whole("kernel/sched_rt_runtime_us", "-1");
  const auto softirqs = threads_named("ksoftirqd/" + std::to_string(kCpu));
  ASSERT_EQ(softirqs.size(), 1u);
  set_policy(softirqs[0], SCHED_FIFO, 50);
  std::thread([&] {
    pin_to(kCpu);
    set_policy(0, SCHED_FIFO, 10);
    what();
  }).join();
  set_policy(softirqs[0], SCHED_OTHER, 0);
}

struct Queue {
  const char* name;
  Responder::Settings settings;
  const char* full;  // the counter of what it has no room for; nullptr: there is no queue
  bool is_udps;      // UDP's own, in UDP's memory
};

void PrintTo(const Queue& queue, std::ostream* out) {
  *out << queue.name;
}

const Queue kQueues[] = {
    {"classic", {{"engine", "classic"}}, "socket_drops", true},
    {"kthread", {{"engine", "kthread"}}, "queue_full", false},
    {"kthread_gro", {{"engine", "kthread"}, {"gro", "1"}}, "socket_drops", true},
    {"softirq", {{"engine", "softirq"}}, nullptr, false},
};

class Overflow : public testing::TestWithParam<Queue> {
 protected:
  void SetUp() override {
    const int room = 256 << 20;
    ASSERT_EQ(setsockopt(client_.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room), 0);
  }
  static Responder responder(std::uint64_t rcvbuf) {
    Responder::Settings all = GetParam().settings;
    all.insert(all.end(), {{"address", "127.0.0.1"},
                           {"port", "9000"},
                           {"rcvbuf", std::to_string(rcvbuf)},
                           {"enabled", "1"}});
    return Responder("r", all);
  }
  void ask(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) client_.send(payload(kPayload, i));
  }
  // Of the answers, those that the client itself had no memory for.
  std::uint64_t lost_here() const {
    std::uint32_t info[SK_MEMINFO_VARS] = {};
    socklen_t size = sizeof info;
    EXPECT_EQ(getsockopt(client_.fd(), SOL_SOCKET, SO_MEMINFO, info, &size), 0);
    return info[SK_MEMINFO_DROPS];
  }

  // Of `asked` datagrams since it was enabled, those that were not answered: they are counted as
  // what is full, and the others have arrived.
  std::uint64_t dropped_of(std::uint64_t asked, const Responder& responder) {
    Counters counters = responder.settled(asked);
    Client::Reply reply;
    while (arrived_ + lost_here() < counters["answered"] && client_.receive(reply)) ++arrived_;
    EXPECT_EQ(arrived_ + lost_here(), counters["answered"]);
    EXPECT_FALSE(client_.receive(reply, 100)) << "more answers than were counted";
    const std::uint64_t dropped = GetParam().full ? counters[GetParam().full] : 0;
    EXPECT_EQ(counters["received"], asked);
    EXPECT_EQ(counters["answered"] + dropped, asked);
    return dropped;
  }

  // More than will ever wait for a softirq: nothing is to drop on the way, there or back.
  const Setting backlog_{"net/core/netdev_max_backlog", "100000"};
  std::uint64_t arrived_ = 0;
  Client client_{Where::kHere, "127.0.0.1:9000"};
};

INSTANTIATE_TEST_SUITE_P(, Overflow, testing::ValuesIn(kQueues),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(Overflow, AWorkerThatGetsNoTime) {
  constexpr std::uint64_t kRcvbuf = 256 << 10, kBurst = 2000, kFew = 50;
  const Responder responder = Overflow::responder(kRcvbuf);
  in_front_of_the_worker([&] { ask(kBurst); });
  const auto dropped = dropped_of(kBurst, responder), kept = kBurst - dropped;
  if (!GetParam().full) {
    EXPECT_EQ(dropped, 0u) << "it has no queue";
  } else {
    // As SO_RCVBUF, which counts what the kernel spends on a datagram, and allows twice as much.
    EXPECT_LE(kept * kPayload, 2 * kRcvbuf);
    EXPECT_GT(kept, kFew);
  }
  in_front_of_the_worker([&] { ask(kFew); });
  EXPECT_EQ(dropped_of(kBurst + kFew, responder), dropped) << "there is room again";
}

// The limit is that of all UDP sockets together; each CPU may have taken 1 MiB before it counts.
TEST_P(Overflow, UdpGetsNoMemory) {
  constexpr std::uint64_t kRcvbuf = 64 << 20, kBurst = 2000, kBound = 3 << 19;
  const Responder responder = Overflow::responder(kRcvbuf);
  Counters before, after;
  in_front_of_the_worker([&] {
    const Setting memory("net/ipv4/udp_mem", "16 16 16");
    before = protocol_counters();
    ask(kBurst);
    after = protocol_counters();
  });
  const auto dropped = dropped_of(kBurst, responder);
  EXPECT_EQ(after["Udp.MemErrors"] - before["Udp.MemErrors"], dropped + lost_here());
  if (GetParam().is_udps) {
    EXPECT_LT((kBurst - dropped) * kPayload, kBound);
    EXPECT_GT(dropped, 0u);
  } else {
    EXPECT_EQ(dropped, 0u) << "what it has is not UDP's";
  }
  in_front_of_the_worker([&] { ask(kBurst); });
  EXPECT_EQ(dropped_of(2 * kBurst, responder), dropped) << "there is memory again";
}

}  // namespace
}  // namespace kudp::stress
