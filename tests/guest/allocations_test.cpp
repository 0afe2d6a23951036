// SPDX-License-Identifier: GPL-2.0-only
// What the workers allocate for a request in steady state, counted by the kernel's own tracing.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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

  std::size_t count() const {
    const std::string trace = read_file(std::string(kInstance) + "/trace");
    std::size_t events = 0;
    for (std::size_t at = 0; (at = trace.find("call_site", at)) != trace.npos; ++at) ++events;
    for (std::size_t at = 0; (at = trace.find("mm_page_alloc:", at)) != trace.npos; ++at) ++events;
    return events;
  }

 private:
  static constexpr char kInstance[] = "/sys/kernel/tracing/instances/kudp-tests";

  static void append(const std::string& file, const std::string& text) {
    run("echo " + text + " >>" + kInstance + "/" + file);
  }
};

int allocations(const char* engine, const char* reply, int requests) {
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
  return static_cast<int>(trace.count());
}

// An interrupt that hits the thread may allocate for others: far less than one for each request.
constexpr int kRequests = 1000, kStray = kRequests / 100;

TEST(Allocations, KthreadMakesNoneForAnEcho) {
  EXPECT_LE(allocations("kthread", "echo", kRequests), kStray);
}

TEST(Allocations, KthreadMakesNoneForAText) {
  EXPECT_LE(allocations("kthread", "text", kRequests), kStray);
}

// The control, which also shows that the count counts: a fresh skb for each reply.
TEST(Allocations, ClassicMakesSome) {
  EXPECT_GE(allocations("classic", "echo", kRequests), kRequests);
}

}  // namespace
}  // namespace kudp::guest
