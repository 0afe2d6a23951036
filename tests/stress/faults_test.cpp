// SPDX-License-Identifier: GPL-2.0-only
// Every allocation of coming up, and those for a datagram, denied once: a clean errno or a counted
// drop. That nothing leaks is for the kernel's leak detector to say, after the module is gone.
#include "tests/stress/faults.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"

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
  }
  static void report(const std::string& what, int sites) {
    std::printf("%s: %d allocations denied, one after the other\n", what.c_str(), sites);
    RecordProperty(what, sites);
    EXPECT_GT(sites, 0);
  }
};

// Lacking memory shows as ENOMEM, or where a layer between has its own word for it, as that.
bool is_clean(int error) {
  return error == ENOMEM || error == ENFILE || error == ENOBUFS || error == EAGAIN;
}

TEST_F(Faults, Load) {
  ASSERT_EQ(unload_module(), 0);
  for (const std::string parameters : {"", "port=9000 reply=text text=hello address=::"}) {
    int refused = 0;
    const int sites = walk(gettid(), [&](int n) {
      const int error = load_module(parameters);
      if (!error) return unload_module() == 0;
      ++refused;
      EXPECT_TRUE(is_clean(error)) << "allocation " << n << ": " << std::strerror(error);
      EXPECT_FALSE(module_is_loaded()) << "allocation " << n;
      return true;
    });
    report("load " + parameters, sites);
    EXPECT_GT(refused, 0);
  }
  ASSERT_EQ(load_module(""), 0);
}

TEST_F(Faults, MakeDirectory) {
  const int sites = walk(gettid(), [](int) {
    try {
      const Responder responder("r", {});
    } catch (const std::runtime_error&) {
    }
    return true;
  });
  report("mkdir", sites);
}

TEST_F(Faults, Enable) {
  for (const std::string engine : kEngines)
    for (const std::string address : {"127.0.0.1", "::"}) {
      Responder responder("r", {{"engine", engine},
                                {"address", address},
                                {"reply", "text"},
                                {"text", "hello"},
                                {"amplify", "1"},
                                {"port", "9000"}});
      int refused = 0;
      const int sites = walk(gettid(), [&](int n) {
        const int error = responder.set("enabled", "1");
        if (!error) return responder.set("enabled", "0") == 0;
        ++refused;
        EXPECT_TRUE(is_clean(error)) << "allocation " << n << ": " << std::strerror(error);
        EXPECT_EQ(responder.get("enabled"), "0");
        EXPECT_TRUE(threads_named("kudp/").empty());
        return true;
      });
      report("enable " + engine + " " + address, sites);
      EXPECT_GT(refused, 0);
      ASSERT_EQ(responder.set("enabled", "1"), 0) << "and with memory it can be enabled";
      Client client(Where::kHere, "127.0.0.1:9000");
      Client::Reply reply;
      client.send("x");
      EXPECT_TRUE(client.receive(reply));
    }
}

// The threads are made by the CPUs' own hotplug threads.
TEST_F(Faults, EnableInTheHotplugThreads) {
  for (const std::string engine : {"classic", "kthread"})
    for (const int tid : threads_named("cpuhp/")) {
      Responder responder("r", {{"engine", engine}, {"port", "9000"}});
      const int sites = walk(tid, [&](int n) {
        const int error = responder.set("enabled", "1");
        if (!error) return responder.set("enabled", "0") == 0;
        EXPECT_TRUE(is_clean(error)) << "allocation " << n << ": " << std::strerror(error);
        EXPECT_TRUE(threads_named("kudp/").empty());
        return true;
      });
      report("enable " + engine + " in thread " + std::to_string(tid), sites);
    }
}

// One datagram for each denied allocation: answered, or under a counter that says why not.
class FaultyPath {
 public:
  FaultyPath(const std::string& engine, const std::string& reply)
      : responder_("r", {{"engine", engine},
                         {"reply", reply},
                         {"text", "hello"},
                         {"address", "::"},
                         {"port", "9000"},
                         {"enabled", "1"}}),
        capture_(socket(AF_PACKET, SOCK_RAW, 0x0300)),
        clients_{Client(Where::kClient, at(kServer4, 9000)),
                 Client(Where::kClient, at(kServer6, 9000))} {
    ask();  // who is who on the link, and the way back
  }

  // Larger than the link's MTU, so that it is fragments both ways; captured, so that it is shared.
  bool ask() {
    Client::Reply reply;
    for (auto& client : clients_) {
      sendto(client.fd(), request_.data(), request_.size(), 0, client.target().data(),
             client.target().length);
      while (client.receive(reply, 30)) continue;
    }
    const Counters counters = responder_.settled(0);
    EXPECT_TRUE(adds_up(counters));
    return adds_up(counters);
  }
  Counters stats() { return responder_.stats(); }

  // Whether it answers as if nothing had happened.
  bool recovers() {
    Client::Reply reply;
    clients_[0].send(request_);
    return clients_[0].receive(reply);
  }

 private:
  Responder responder_;
  const Fd capture_;
  Client clients_[2];
  const std::string request_ = payload(4000);
};

TEST_F(Faults, ThreadsThatAnswer) {
  for (const std::string engine : {"classic", "kthread"})
    for (const std::string reply : {"echo", "text"}) {
      FaultyPath path(engine, reply);
      int sites = 0;
      for (const int tid : threads_named("kudp/"))
        sites += walk(tid, [&](int) { return path.ask(); });
      report(engine + " " + reply, sites);
      const Counters counters = path.stats();
      EXPECT_GT(counters.at("no_memory") + counters.at("send_failed"), 0u);
      EXPECT_TRUE(path.recovers());
    }
}

TEST_F(Faults, ReceivePath) {
  for (const std::string engine : kEngines) {
    FaultyPath path(engine, "echo");
    report("receive path, " + engine, walk_atomic([&](int) { return path.ask(); }));
    EXPECT_TRUE(path.recovers());
  }
}

}  // namespace
}  // namespace kudp::stress
