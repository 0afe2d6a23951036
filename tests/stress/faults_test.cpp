// SPDX-License-Identifier: GPL-2.0-only
// Every allocation of coming up, and those for a datagram, denied once: a clean errno or a counted
// drop. That nothing leaks is for the kernel's leak detector to say, after the module is gone.
#include "tests/stress/faults.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "loadgen/base/cpus.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"
#include "tests/stress/extent.hpp"
#include "tests/stress/faulty_path.hpp"

namespace kudp::stress {
namespace {

using namespace guest;

constexpr const char* kEngines[] = {"classic", "kthread", "softirq"};

class Faults : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_inject_faults())
      GTEST_SKIP() << "this kernel has no fault injection; make check-debug's has";
    prepare_faults();
    sched_getaffinity(0, sizeof cpus_, &cpus_);
    pin_to(0);  // datagrams then take the same way each time, past the thread of this CPU
  }
  void TearDown() override { sched_setaffinity(0, sizeof cpus_, &cpus_); }

  // `least`: half of what was seen, or so; less, and the walk ended early.
  static void report(const std::string& what, int sites, int least) {
    std::printf("%s: %d allocations denied, one after the other\n", what.c_str(), sites);
    RecordProperty(what, sites);
    std::fflush(stdout);
    EXPECT_GE(sites, least) << what;
  }
  // Of the only thread of that name.
  static int walk_thread(const std::string& name, const std::function<bool()>& attempt) {
    const std::vector<int> threads = threads_named(name);
    if (threads.size() != 1) throw std::runtime_error(name + ": no thread, or more than one");
    return walk(
        threads[0], [&] { return attempt() ? 0 : EIO; }, [](int, int error) { return error == 0; });
  }
  // Its allocations, one after the other, then whole pages.
  static void deny_receive_path(const std::string& what, FaultyPath& path, int least) {
    constexpr int kPages = 40;
    const auto ask = [&] { return path.ask(); };
    report("receive path, " + what, walk_atomic(ask), least);
    report("receive path, " + what + ", pages", deny_atomic_pages(kPages, ask), kPages);
  }

 private:
  cpu_set_t cpus_;
};

// Lacking memory shows as ENOMEM, or where a layer between has its own word for it, as that:
// bind(2) says EADDRINUSE if there is none for the reuseport group.
testing::AssertionResult is_clean(int error, int denied) {
  if (error == ENOMEM || error == ENFILE || error == ENOBUFS || error == EAGAIN ||
      error == EADDRINUSE)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "allocation " << denied << ": " << std::strerror(error);
}

// One write(2) to an attribute or a module's file, with what it needs of userspace done before.
class OneCall {
 public:
  explicit OneCall(const std::string& path, int flags = O_WRONLY)
      : fd_(open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_.get() < 0) throw std::runtime_error("cannot open " + path);
  }
  int write(const std::string& value) const {
    return pwrite(fd_.get(), value.data(), value.size(), 0) < 0 ? errno : 0;
  }
  // The file's buffer, which configfs keeps, is there from then on: else the attempt that makes it
  // would make one allocation more than those that follow, and the walk would step over one.
  void prepare(const std::string& value) const { ASSERT_EQ(write(value), 0); }
  int load(const std::string& parameters) const {
    return syscall(SYS_finit_module, fd_.get(), parameters.c_str(), 0) ? errno : 0;
  }

 private:
  Fd fd_;
};

// With what the kernel's loader allocates before it refuses a parameter, or kudp_send that it has
// none, only where FULL=1 was given: it is the same for every module, and most of it. How much that
// is varies with what slabs and shadow memory have left, between 145 and 164 seen for kudp_send:
// the walk begins well before the fewest.
int walk_load(const std::string& module, const std::string& parameters) {
  constexpr int kCounts = 10, kSpread = 32;
  const OneCall file(module_path(module), O_RDONLY);
  const std::string broken = module == "kudp" ? parameters + " text" : "";
  int refused = 0, loader = INT_MAX;
  for (int i = 0; i < kCounts; ++i)
    loader = std::min(loader,
                      count_allocations(gettid(), [&] { EXPECT_EQ(file.load(broken), EINVAL); }));
  const int sites = walk(
      gettid(), [&] { return file.load(parameters); },
      [&](int denied, int error) {
        if (!error) return unload_module(module) == 0;
        ++refused;
        EXPECT_TRUE(is_clean(error, denied));
        EXPECT_EQ(unload_module(module), ENOENT) << "allocation " << denied;
        return !testing::Test::HasFailure();
      },
      extent(std::max(loader - kSpread, 0), 0));
  EXPECT_GT(refused, 0);
  return sites;
}

TEST_F(Faults, Load) {
  ASSERT_EQ(unload_module(), 0);
  for (const auto& [module, parameters] :
       Responder::Settings{{"kudp", "port=9000 reply=text text=hello address=::"},
                           {"kudp_send", "to=127.0.0.1:9 text=x"},
                           {"kudp_send", "to=[::1]:9 size=100 count=10 cpus=0 connected=0"}})
    report("load " + module + " " + parameters, walk_load(module, parameters),
           module == "kudp" ? 200 : 30);
  ASSERT_EQ(load_module(""), 0);
}

TEST_F(Faults, MakeDirectory) {
  const char* path = "/sys/kernel/config/kudp/r";
  const int sites = walk(
      gettid(), [&] { return mkdir(path, 0755) ? errno : 0; },
      [&](int denied, int error) {
        if (error) {
          EXPECT_TRUE(is_clean(error, denied));
          EXPECT_NE(access(path, F_OK), 0);
        } else {
          EXPECT_EQ(rmdir(path), 0);
        }
        return !HasFailure();
      });
  report("mkdir", sites, 15);
}

using Walk = std::function<int(int tid, const std::function<int()>& attempt,
                               const std::function<bool(int denied, int error)>& judge)>;
int walk_once(int tid, const std::function<int()>& attempt,
              const std::function<bool(int denied, int error)>& judge) {
  return walk(tid, attempt, judge);
}

// A refused value leaves the one before.
int walk_set(Responder& responder, const std::string& name, const std::string& value,
             const Walk& walk) {
  const std::string before = responder.get(name);
  const OneCall attribute("/sys/kernel/config/kudp/r/" + name);
  attribute.prepare(before);
  int refused = 0;
  const int sites = walk(
      gettid(), [&] { return attribute.write(value); },
      [&](int denied, int error) {
        if (!error) return responder.set(name, before) == 0;
        ++refused;
        EXPECT_TRUE(is_clean(error, denied));
        EXPECT_EQ(responder.get(name), before);
        return !testing::Test::HasFailure();
      });
  EXPECT_GT(refused, 0);
  return sites;
}

TEST_F(Faults, SetAttributes) {
  Responder responder("r", {{"text", "before"}, {"allow", "198.18.0.0/15"}});
  report("set text", walk_set(responder, "text", "hello", walk_once), 1);
  report("set allow", walk_set(responder, "allow", "198.18.0.0/16 fd00:6b75:6470::/48", walk_once),
         2);
}

// What takes memory of its own: a text, the guard's list and buckets, sessions.
Responder::Settings demanding(const std::string& engine, const std::string& address,
                              const std::string& reply) {
  return {{"engine", engine},
          {"address", address},
          {"reply", reply},
          {"text", "hello"},
          {"amplify", "1"},
          {"port", "9000"},
          {"allow", "0.0.0.0/0 ::/0"},
          {"rate_prefix", "1000000"},
          {"stateful", reply == "stamp" ? "1" : "0"}};
}

// Enables under `walk` of thread `tid`; returns how many were denied.
int walk_enable(Responder& responder, int tid, const Walk& walk = walk_once) {
  const OneCall enabled("/sys/kernel/config/kudp/r/enabled");
  const std::string on = "1";
  enabled.prepare("0");
  return walk(
      tid, [&] { return enabled.write(on); },
      [&](int denied, int error) {
        if (!error) return responder.set("enabled", "0") == 0;
        EXPECT_TRUE(is_clean(error, denied));
        EXPECT_EQ(responder.get("enabled"), "0");
        EXPECT_TRUE(threads_named("kudp/").empty());
        return !testing::Test::HasFailure();
      });
}

TEST_F(Faults, Enable) {
  for (const std::string engine : kEngines)
    for (const std::string address : {"127.0.0.1", "::"})
      for (const std::string reply : {"text", "stamp"}) {
        Responder responder("r", demanding(engine, address, reply));
        report("enable " + engine + " " + address + " " + reply, walk_enable(responder, gettid()),
               20);
        ASSERT_EQ(responder.set("enabled", "1"), 0) << "with memory it can be enabled";
      }
}

// Another socket, another queue, another handler.
TEST_F(Faults, EnableOtherWays) {
  for (const auto& [engine, name, value] : {std::tuple{"classic", "reply_to", "127.0.0.1:9"},
                                            {"kthread", "gro", "1"},
                                            {"softirq", "gro", "1"},
                                            {"softirq", "turnaround", "link"},
                                            {"softirq", "log", "1"}}) {
    auto settings = demanding(engine, "::", "echo");
    settings.emplace_back(name, value);
    Responder responder("r", settings);
    report("enable " + std::string(engine) + " " + name, walk_enable(responder, gettid()), 20);
    ASSERT_EQ(responder.set("enabled", "1"), 0) << "with memory it can be enabled";
  }
}

// Denied a single allocation, kvmalloc() falls back on vmalloc(): only what is denied that, too, is
// without its memory. Of the engines, kthread asks for the same as softirq.
TEST_F(Faults, NothingToFallBackOn) {
  const KvmallocDenials denials;
  {
    Responder responder("r", {{"allow", "198.18.0.0/15"}});
    report("set allow, then nothing",
           walk_set(responder, "allow", "198.18.0.0/16 fd00:6b75:6470::/48", walk_to_nothing), 2);
  }
  for (const std::string engine : {"classic", "softirq"}) {
    Responder responder("r", demanding(engine, "::", "stamp"));
    report("enable " + engine + ", then nothing", walk_enable(responder, gettid(), walk_to_nothing),
           20);
    ASSERT_EQ(responder.set("enabled", "1"), 0) << "with memory it can be enabled";
  }
  std::string places;
  for (const auto& place : denials.places()) places += "\n" + place;
  std::printf("without memory:%s\n", places.c_str());
  // Of allow the list as written, and the guard's three arrays of it; buckets, sessions, routes,
  // and the buffer of classic.
  EXPECT_EQ(denials.places().size(), 8u) << places;
}

// The threads are asked for by the CPUs' own hotplug threads, and made by kthreadd.
TEST_F(Faults, EnableInOtherThreads) {
  std::vector<int> threads = threads_named("cpuhp/");
  threads.push_back(threads_named("kthreadd)").at(0));
  for (const std::string engine : {"classic", "kthread"})
    for (const int tid : threads) {
      Responder responder("r", demanding(engine, "::", "text"));
      report("enable " + engine + " in thread " + std::to_string(tid), walk_enable(responder, tid),
             tid == threads.back() ? 8 : 1);
    }
}

TEST_F(Faults, ThreadsThatAnswer) {
  for (const std::string engine : {"classic", "kthread"})
    for (const std::string reply : {"echo", "text", "stamp"}) {
      FaultyPath path(engine, reply);
      report(engine + " " + reply, walk_thread("kudp/0/", [&] { return path.ask(); }), 3);
      const Counters counters = path.stats();
      EXPECT_GT(counters.at("no_memory") + counters.at("send_failed"), 0u) << engine << reply;
      EXPECT_TRUE(path.recovers());
    }
}

TEST_F(Faults, ReceivePath) {
  for (const std::string engine : kEngines)
    for (const std::string reply : {"echo", "text", "stamp"}) {
      FaultyPath path(engine, reply);
      deny_receive_path(engine + " " + reply, path, 10);
      EXPECT_TRUE(engine != "softirq" || path.stats().at("no_memory") > 0) << reply;
      EXPECT_TRUE(path.recovers());
    }
}

TEST_F(Faults, OtherReceivePaths) {
  for (const auto& [engine, name, value] : {std::tuple{"kthread", "gro", "1"},
                                            {"softirq", "gro", "1"},
                                            {"softirq", "turnaround", "link"}}) {
    FaultyPath path(engine, "echo", {{name, value}});
    deny_receive_path(std::string(engine) + " " + name, path, 12);
    // What cannot be turned on the link is routed, for which there is memory the next moment.
    EXPECT_EQ(path.stats().at("no_memory") > 0, name != std::string("turnaround")) << engine;
    EXPECT_TRUE(path.recovers());
  }
}

TEST_F(Faults, Sender) {
  for (const std::string to : {"198.18.1.9:9", "[fd00:6b75:6470:1::9]:9"})
    for (const std::string connected : {"0", "1"}) {
      FaultySource source("to=" + to + " connected=" + connected);
      report("send to " + to + " connected=" + connected,
             walk_thread("kudp_send/0", [&] { return source.goes_on(); }), 3);
      EXPECT_GT(source.failed(), 0u);
      EXPECT_TRUE(source.goes_on());
    }
}

}  // namespace
}  // namespace kudp::stress
