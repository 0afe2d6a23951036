// SPDX-License-Identifier: GPL-2.0-only
// The five programs that kudp grew from, each with its own traffic;
// docs/lineage.md says what they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/send_module.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

// What apudpsend sends: 20 characters and their NUL.
const std::string kHallo("Hallo vom User-Space", 21);

Fd bound_socket(const std::string& address) {
  const Endpoint own = resolve(address);
  Fd fd = udp_socket(Where::kHere, own.family());
  if (bind(fd.get(), own.data(), own.length))
    throw std::system_error(errno, std::generic_category(), address);
  return fd;
}

std::string take(const Fd& fd, int flags = 0) {
  char bytes[2048];
  const ssize_t length = recv(fd.get(), bytes, sizeof bytes, flags);
  return length < 0 ? "nothing" : std::string(bytes, length);
}

// udprcv listens, and answers nothing; apudpsend sends, which is kudp-load's
// `send`.
class Udprcv : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(, Udprcv, testing::Values("classic", "kthread", "softirq"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Udprcv, LogsWhatApudpsendSendsAndNeverReplies) {
  const Responder udprcv("udprcv", {{"engine", GetParam()},
                                    {"reply", "discard"},
                                    {"address", "0.0.0.0"},
                                    {"port", "5555"},
                                    {"log", "1"},
                                    {"enabled", "1"}});
  KernelLog log;
  Client apudpsend(Where::kHere, "127.0.0.1:5555");
  apudpsend.send(kHallo);
  run("kudp-load send --text 'Hallo vom User-Space' --nul --count 1 "
      "127.0.0.1:5555 >/dev/null");
  EXPECT_EQ(udprcv.settled(2)["discarded"], 2u);
  const std::string line = "kudp: udprcv: 21 bytes: msg \"Hallo vom User-Space\" from 127.0.0.1";
  EXPECT_THAT(log.lines_from("kudp: udprcv: "), testing::ElementsAre(line, line));
  Client::Reply reply;
  EXPECT_FALSE(apudpsend.receive(reply, 300));
}

TEST(Apudpsend, SendsJustTheTextSoManyTimes) {
  const Fd listener = bound_socket("127.0.0.1:5555");
  run("kudp-load send --text hallo --count 3 127.0.0.1:5555 >/tmp/said");
  EXPECT_EQ(read_file("/tmp/said"), "sent 3 datagrams of 5 bytes to 127.0.0.1:5555\n");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(take(listener), "hallo");
  EXPECT_EQ(take(listener, MSG_DONTWAIT), "nothing");
}

TEST(Apudpsend, SaysThatNobodyListens) {
  EXPECT_THROW(run("kudp-load send --text x --count 1000 127.0.0.1:5555 2>/tmp/said"),
               std::runtime_error);
  EXPECT_THAT(read_file("/tmp/said"), testing::MatchesRegex("kudp-load: 127.0.0.1:5555: [0-9]+ of "
                                                            "1000 sent: Connection refused\n"));
}

TEST(Udpsend, SendsOnceWhenLoaded) {
  for (const char* connected : {"connected=0", "connected=1"}) {
    const Fd listener = bound_socket("127.0.0.1:5555");
    KernelLog log;
    const SendModule udpsend(std::string("to=127.0.0.1:5555 text=hallo nul=1 ") + connected);
    ASSERT_EQ(udpsend.error(), 0);
    EXPECT_EQ(take(listener), std::string("hallo", 6));
    EXPECT_EQ(take(listener, MSG_DONTWAIT), "nothing");
    EXPECT_THAT(log.lines_from("kudp_send: "),
                testing::ElementsAre("kudp_send: sent 6 bytes to 127.0.0.1:5555"));
  }
}

TEST(Ksocket, LogsAndTellsAnother) {
  const Responder ksocket("ksocket", {{"engine", "classic"},
                                      {"reply", "text"},
                                      {"text", "testing..."},
                                      {"address", "0.0.0.0"},
                                      {"port", "2325"},
                                      {"reply_to", "127.0.0.1:23"},
                                      {"amplify", "1"},
                                      {"log", "1"},
                                      {"enabled", "1"}});
  const Fd listener = bound_socket("127.0.0.1:23");
  KernelLog log;
  Client client(Where::kHere, "127.0.0.1:2325");
  client.send("hi");
  EXPECT_EQ(take(listener), "testing...");
  client.send(std::string(1400, 'x'));
  EXPECT_EQ(take(listener), "testing...");
  EXPECT_EQ(ksocket.settled(2)["answered"], 2u);
  Client::Reply reply;
  EXPECT_FALSE(client.receive(reply, 300)) << "the sender gets nothing";
  const auto lines = log.lines_from("kudp: ksocket: ");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "kudp: ksocket: 2 bytes: msg \"hi\" from 127.0.0.1");
  EXPECT_THAT(lines[1], testing::StartsWith("kudp: ksocket: 1400 bytes: msg \"xxx"));
}

TEST(Ksocket, RefusesWhatWouldLoop) {
  KernelLog log;
  const Responder::Settings classic{{"engine", "classic"}};
  Responder a("a", classic), b("b", classic);
  ASSERT_EQ(a.set("port", "5555"), 0);
  for (const auto& [address, itself] : {std::pair{"127.0.0.1", "127.0.0.1:5555"},
                                        {"0.0.0.0", "198.18.1.1:5555"},
                                        {"::", "127.0.0.1:5555"},
                                        {"::", "[fd00:6b75:6470:1::1]:5555"},
                                        {"::1", "[::1]:5555"}}) {
    ASSERT_EQ(a.set("address", address), 0);
    ASSERT_EQ(a.set("reply_to", itself), 0);
    EXPECT_EQ(a.get("reply_to"), itself);
    EXPECT_EQ(a.set("enabled", "1"), EINVAL) << itself;
  }
  // Two that answer each other, whichever comes first.
  ASSERT_EQ(a.set("address", "127.0.0.1"), 0);
  ASSERT_EQ(a.set("reply_to", "127.0.0.1:5556"), 0);
  ASSERT_EQ(a.set("enabled", "1"), 0) << "nobody is there yet";
  ASSERT_EQ(b.set("port", "5556"), 0);
  EXPECT_EQ(b.set("enabled", "1"), EINVAL);
  ASSERT_EQ(a.set("enabled", "0"), 0);
  ASSERT_EQ(b.set("enabled", "1"), 0);
  EXPECT_EQ(a.set("enabled", "1"), EINVAL);
  const auto lines = log.lines_from("kudp: a: reply_to: would ");
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(
      lines.back(),
      "kudp: a: reply_to: would answer b, or be answered by it, for ever: want another place");
}

TEST(Ksocket, EnginesThatAnswerInPlaceRefuseIt) {
  for (const char* engine : {"kthread", "softirq"}) {
    Responder responder("r", {{"engine", engine}, {"port", "2325"}, {"reply_to", "[::1]:23"}});
    KernelLog log;
    EXPECT_EQ(responder.set("enabled", "1"), EINVAL);
    EXPECT_THAT(log.lines_from("kudp: "),
                testing::ElementsAre("kudp: r: reply_to=[::1]:23: want engine classic: the others "
                                     "answer where it came from"));
    EXPECT_EQ(responder.set("reply_to", "\n"), 0);
    EXPECT_EQ(responder.get("reply_to"), "");
    EXPECT_EQ(responder.set("enabled", "1"), 0);
  }
}

TEST(Ksocket, WantsARoute) {
  Responder responder("r", {{"engine", "classic"}, {"port", "2325"}, {"reply_to", "192.0.2.1:23"}});
  KernelLog log;
  EXPECT_EQ(responder.set("enabled", "1"), ENETUNREACH);
  EXPECT_THAT(log.lines_from("kudp: "),
              testing::ElementsAre("kudp: r: reply_to=192.0.2.1:23: want a unicast address that "
                                   "there is a route to"));
  EXPECT_TRUE(threads_named("kudp/").empty());
}

// From IPv6 to IPv4, and gone under load: the sockets go after the threads that use them.
TEST(Ksocket, ComesAndGoesUnderLoad) {
  ASSERT_EQ(unload_module(), 0);
  {
    const Fd listener = bound_socket("127.0.0.1:23");
    const SendModule flood("to=[::1]:2325 size=100 count=0 cpus=0");
    ASSERT_EQ(flood.error(), 0);
    for (int i = 0; i < 10; ++i) {
      ASSERT_EQ(load_module("engine=classic address=:: port=2325 reply_to=127.0.0.1:23"), 0);
      EXPECT_EQ(take(listener), std::string(100, '\0')) << "round " << i;
      ASSERT_EQ(unload_module(), 0);
      EXPECT_TRUE(threads_named("kudp/").empty());
      while (take(listener, MSG_DONTWAIT) != "nothing") continue;
    }
  }
  ASSERT_EQ(load_module(""), 0);
}

}  // namespace
}  // namespace kudp::guest
