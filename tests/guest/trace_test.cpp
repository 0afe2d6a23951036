// SPDX-License-Identifier: GPL-2.0-only
// The tracepoints: what the system "kudp" tells of a datagram's way, in its order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kPort = 9000;

// Events of "kudp" in an instance of its own, while the object lives.
class Trace {
 public:
  Trace() {
    mkdir(kInstance.c_str(), 0755);
    EXPECT_EQ(write_file(kInstance + "/events/kudp/enable", "1"), 0);
  }
  ~Trace() { rmdir(kInstance.c_str()); }

  // Each as "kudp_reply: port=9000 worker=0 ..."
  std::vector<std::string> events() const {
    std::vector<std::string> events;
    std::istringstream text(read_file(kInstance + "/trace"));
    for (std::string line; std::getline(text, line);)
      if (const auto at = line.find(": kudp_"); at != line.npos)
        events.push_back(line.substr(at + 2));
    return events;
  }

  // Waits for that many of an event.
  bool has(const std::string& event, std::size_t count) const {
    const auto is_it = [&](const std::string& each) { return each.starts_with(event); };
    return eventually(
        [&] { return std::ranges::count_if(events(), is_it) >= static_cast<long>(count); });
  }

  void clear() const { std::ofstream(kInstance + "/trace"); }

 private:
  const std::string kInstance = "/sys/kernel/tracing/instances/kudp-tests";
};

Responder::Settings settings(const std::string& engine) {
  Responder::Settings all{
      {"engine", engine.substr(0, engine.find('_'))}, {"address", kServer4}, {"port", "9000"}};
  if (engine.ends_with("_gro")) all.emplace_back("gro", "1");
  if (engine.ends_with("_link")) all.emplace_back("turnaround", "link");
  all.emplace_back("enabled", "1");
  return all;
}

// Events of the thread alone, such as kudp_sleep, left out.
std::vector<std::string> of_datagrams(const Trace& trace) {
  auto events = trace.events();
  std::erase_if(events, [](const std::string& event) { return !event.starts_with("kudp_re"); });
  return events;
}

class Traced : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(, Traced,
                         testing::Values("classic", "kthread", "kthread_gro", "softirq",
                                         "softirq_gro", "softirq_link"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(Traced, ARequestIsReceivedAndAnswered) {
  const Responder responder("r", settings(GetParam()));
  Client client(Where::kClient, at(kServer4, kPort));
  const Trace trace;
  client.send(payload(48));
  Client::Reply reply;
  ASSERT_TRUE(client.receive(reply));
  responder.settled(1);
  const auto events = of_datagrams(trace);
  EXPECT_THAT(events, ElementsAre(HasSubstr("kudp_receive: port=9000"),
                                  HasSubstr("kudp_reply: port=9000")));
  for (const auto& event : events) EXPECT_THAT(event, HasSubstr("bytes=48 datagrams=1"));
}

class TracedRefusal : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(, TracedRefusal, testing::Values("classic", "kthread", "softirq"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(TracedRefusal, HasItsReason) {
  auto with_text = settings(GetParam());
  with_text.insert(with_text.begin(), {{"text", "longer than a request"}, {"reply", "text"}});
  const Responder responder("r", with_text);
  Client client(Where::kClient, at(kServer4, kPort));
  const Trace trace;
  client.send("short");
  responder.settled(1);
  EXPECT_THAT(of_datagrams(trace),
              ElementsAre(HasSubstr("kudp_receive:"),
                          AllOf(HasSubstr("kudp_refuse:"), HasSubstr("reason=amplification"))));
}

TEST(Trace, KthreadTellsOfItsBatchesAndItsSleep) {
  const Trace trace;
  const Responder responder("r", settings("kthread"));
  ASSERT_TRUE(trace.has("kudp_sleep:", threads_named("kudp/").size())) << "each, when it begins";
  trace.clear();
  Client client(Where::kClient, at(kServer4, kPort));
  client.send("request");
  Client::Reply reply;
  ASSERT_TRUE(client.receive(reply));
  ASSERT_TRUE(trace.has("kudp_sleep:", 1));
  EXPECT_THAT(trace.events(),
              ElementsAre(HasSubstr("kudp_receive:"),
                          AllOf(HasSubstr("kudp_wake:"), HasSubstr("packets=1")),
                          AllOf(HasSubstr("kudp_batch_begin:"), HasSubstr("packets=1")),
                          HasSubstr("kudp_reply:"),
                          AllOf(HasSubstr("kudp_batch_end:"), HasSubstr("packets=0")),
                          AllOf(HasSubstr("kudp_sleep:"), HasSubstr("packets=0"))));
}

}  // namespace
}  // namespace kudp::guest
