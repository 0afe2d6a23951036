// SPDX-License-Identifier: GPL-2.0-only
// What the workers allocate for a request in steady state, counted by the kernel's own tracing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

// Counts the allocations of some threads in an instance of its own, which goes with the object.
class AllocationTrace {
 public:
  explicit AllocationTrace(const std::vector<int>& pids) {
    mkdir(kInstance, 0755);
    for (const int pid : pids) append("set_event_pid", std::to_string(pid));
    for (const char* event : {"kmalloc", "kmem_cache_alloc", "mm_page_alloc"})
      EXPECT_EQ(write_file(std::string(kInstance) + "/events/kmem/" + event + "/enable", "1"), 0);
  }
  ~AllocationTrace() { rmdir(kInstance); }

  // Those of the threads themselves: what an interrupt or a softirq that hits them allocates is for
  // others. Where they were, the trace says behind the CPU: "[001] ..s1."
  std::vector<std::string> own() const {
    std::vector<std::string> events;
    std::istringstream trace(read_file(std::string(kInstance) + "/trace"));
    for (std::string line; std::getline(trace, line);) {
      const auto where = line.find("] ");
      if (line.starts_with('#') || where == line.npos) continue;
      if (std::string_view("shHzZ").find(line.at(where + 4)) == std::string_view::npos)
        events.push_back(line);
    }
    return events;
  }

 private:
  static constexpr char kInstance[] = "/sys/kernel/tracing/instances/kudp-tests";

  static void append(const std::string& file, const std::string& text) {
    run("echo " + text + " >>" + kInstance + "/" + file);
  }
};

std::vector<std::string> allocations(const char* engine, const char* reply, int requests) {
  const Responder responder("r", {{"engine", engine},
                                  {"reply", reply},
                                  {"text", "testing..."},
                                  {"address", kServer4},
                                  {"port", "9000"},
                                  {"enabled", "1"}});
  Client client(Where::kClient, at(kServer4, 9000));
  const auto ask = [&] {
    client.send(payload(64));
    Client::Reply answer;
    ASSERT_TRUE(client.receive(answer));
  };
  for (int i = 0; i < 10; ++i) ask();
  const AllocationTrace trace(threads_named("kudp/"));
  for (int i = 0; i < requests; ++i) ask();
  return trace.own();
}

// A route that is no longer valid is looked up anew, which allocates one: far less than one for
// each request.
constexpr int kRequests = 1000, kStray = kRequests / 100;

TEST(Allocations, KthreadMakesNoneForAnEcho) {
  EXPECT_THAT(allocations("kthread", "echo", kRequests), testing::SizeIs(testing::Le(kStray)));
}

TEST(Allocations, KthreadMakesNoneForAText) {
  EXPECT_THAT(allocations("kthread", "text", kRequests), testing::SizeIs(testing::Le(kStray)));
}

// The control, which also shows that the count counts: a fresh skb for each reply.
TEST(Allocations, ClassicMakesSome) {
  EXPECT_GE(allocations("classic", "echo", kRequests).size(), kRequests);
}

}  // namespace
}  // namespace kudp::guest
