// SPDX-License-Identifier: GPL-2.0-only
// Bad configuration: the fitting errno, one line in the log that says what is allowed, no change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <fstream>

#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

std::vector<std::string> kudp_lines(KernelLog& log) {
  std::vector<std::string> lines;
  for (const auto& line : log.lines())
    if (line.starts_with("kudp: ")) lines.push_back(line);
  return lines;
}

struct Refusal {
  const char* attribute;
  std::string value;
  const char* log;
};

void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.attribute << "=" << testing::PrintToString(refusal.value);
}

class Refused : public testing::TestWithParam<Refusal> {};

INSTANTIATE_TEST_SUITE_P(
    , Refused,
    testing::Values(
        Refusal{"engine", "warp", "kudp: r: engine=warp: want kthread, softirq or classic"},
        Refusal{"engine", "\n", "kudp: r: engine=: want kthread, softirq or classic"},
        Refusal{"reply", "chargen", "kudp: r: reply=chargen: want echo, discard, text or stamp"},
        Refusal{"stateful", "2", "kudp: r: stateful=2: want 0 or 1"},
        Refusal{"clock_error", "1000000000", ": want 0 to 999999999"},
        Refusal{"text", std::string(1025, 'x'), ": want up to 1024 bytes"},
        Refusal{"amplify", "maybe", "kudp: r: amplify=maybe: want 0 or 1"},
        Refusal{"amplify", "10", "kudp: r: amplify=10: want 0 or 1"},
        Refusal{"address", "nowhere", "kudp: r: address=nowhere: want a unicast address"},
        Refusal{"address", "1.2.3.4.5", "kudp: r: address=1.2.3.4.5: want a unicast address"},
        Refusal{"address", "224.0.0.1", "kudp: r: address=224.0.0.1: want a unicast address"},
        Refusal{"address", "255.255.255.255", ": want a unicast address"},
        Refusal{"address", "::ffff:0.0.0.0", ": want a unicast address"},
        Refusal{"address", "ff02::1", "kudp: r: address=ff02::1: want a unicast address"},
        Refusal{"address", "0.0.0.0:80", "kudp: r: address=0.0.0.0:80: want a unicast address"},
        Refusal{"address", "127.0.0.1\n127.0.0.2", ": want a unicast address"},
        Refusal{"address", "fd00::1%lo", "kudp: r: address=fd00::1%lo: want a unicast address"},
        Refusal{"address", "fd00::1.2.3.4:80", ": want a unicast address"},
        Refusal{"port", "0", "kudp: r: port=0: want 1 to 65535"},
        Refusal{"port", "65536", "kudp: r: port=65536: want 1 to 65535"},
        Refusal{"port", "-1", "kudp: r: port=-1: want 1 to 65535"},
        Refusal{"port", "80x", "kudp: r: port=80x: want 1 to 65535"},
        Refusal{"gro", "2", "kudp: r: gro=2: want 0 or 1"},
        Refusal{"reply_to", "127.0.0.1", "kudp: r: reply_to=127.0.0.1: want ADDRESS:PORT"},
        Refusal{"reply_to", "0.0.0.0:23", "kudp: r: reply_to=0.0.0.0:23: want ADDRESS:PORT"},
        Refusal{"reply_to", "127.0.0.1:0", "kudp: r: reply_to=127.0.0.1:0: want ADDRESS:PORT"},
        Refusal{"reply_to", "1.2.3.4:5:80", "kudp: r: reply_to=1.2.3.4:5:80: want ADDRESS:PORT"},
        Refusal{"reply_to", "[::1%lo]:80", "kudp: r: reply_to=[::1%lo]:80: want ADDRESS:PORT"},
        Refusal{"reply_to", "[ff02::1]:9", "kudp: r: reply_to=[ff02::1]:9: want ADDRESS:PORT"},
        Refusal{"log", "2", "kudp: r: log=2: want 0 or 1"},
        Refusal{"turnaround", "u", "kudp: r: turnaround=u: want route or link"},
        Refusal{"batch", "0", "kudp: r: batch=0: want 1 to 256"},
        Refusal{"batch", "257", "kudp: r: batch=257: want 1 to 256"},
        Refusal{"rcvbuf", "4095", "kudp: r: rcvbuf=4095: want 4096 to 1073741824"},
        Refusal{"rcvbuf", "99999999999", "kudp: r: rcvbuf=99999999999: want 4096 to"},
        Refusal{"guard_low_port", "never", "kudp: r: guard_low_port=never: want 0 or 1"},
        Refusal{"guard_low_port", "x", "kudp: r: guard_low_port=x: want 0 or 1"},
        Refusal{"guard_responder_port", "2", "kudp: r: guard_responder_port=2: want 0 or 1"},
        Refusal{"guard_hop_limit", "-1", "kudp: r: guard_hop_limit=-1: want 0 or 1"},
        Refusal{"rate", "100000001", "kudp: r: rate=100000001: want 0 to 100000000"},
        Refusal{"rate_prefix", "-1", "kudp: r: rate_prefix=-1: want 0 to 100000000"},
        Refusal{"rate_prefix_ipv4", "0", "kudp: r: rate_prefix_ipv4=0: want 1 to 32"},
        Refusal{"rate_prefix_ipv4", "33", "kudp: r: rate_prefix_ipv4=33: want 1 to 32"},
        Refusal{"rate_prefix_ipv6", "65", "kudp: r: rate_prefix_ipv6=65: want 1 to 64"},
        Refusal{"allow", "\n", "kudp: r: allow=: want at least one prefix, or all"},
        Refusal{"allow", "nobody", "kudp: r: allow=nobody: want up to 8192 of ADDRESS/BITS"},
        Refusal{"allow", "198.18.0.0/33", "kudp: r: allow=198.18.0.0/33: want up to 8192"},
        Refusal{"allow", "198.18.1.1/15", "kudp: r: allow=198.18.1.1/15: want up to 8192"},
        Refusal{"allow", "fd00::1/8", "kudp: r: allow=fd00::1/8: want up to 8192"},
        Refusal{"allow", "10.0.0.0;192.168.0.0/16", ": want up to 8192"},
        Refusal{"allow", "10.0.0.1-10.0.0.9", ": want up to 8192"},
        Refusal{"allow", "10.0.0.0x/8", "kudp: r: allow=10.0.0.0x/8: want up to 8192"},
        Refusal{"allow", "10.1.2.3:53", "kudp: r: allow=10.1.2.3:53: want up to 8192"},
        Refusal{"allow", "fd00::g", "kudp: r: allow=fd00::g: want up to 8192"},
        Refusal{"allow", "fd00::1%eth0", "kudp: r: allow=fd00::1%eth0: want up to 8192"},
        Refusal{"allow", "fd00::1.2.3.4:5", "kudp: r: allow=fd00::1.2.3.4:5: want up to 8192"},
        Refusal{"allow", "10.0.0.0/8,x", "kudp: r: allow=x: want up to 8192"},
        Refusal{"allow", "10.0.0.0/8 +11.0.0.0/8", "kudp: r: allow=+11.0.0.0/8: want up to"},
        Refusal{"allow", "+10.0.0.0/8 11.0.0.0/8", "kudp: r: allow=11.0.0.0/8: want up to"},
        Refusal{"allow", "-10.0.0.0/8", "kudp: r: allow=-10.0.0.0/8: want one that is in the"},
        Refusal{"allow", std::string(5000, '1'), ": want each prefix with a + where there are"},
        Refusal{"busy_poll", "1001", "kudp: r: busy_poll=1001: want 0 to 1000"},
        Refusal{"busy_poll", "-1", "kudp: r: busy_poll=-1: want 0 to 1000"},
        Refusal{"enabled", "2", "kudp: r: enabled=2: want 0 or 1"},
        Refusal{"enabled", "1", "kudp: r: port=: want 1 to 65535 before enabled=1"},
        Refusal{"engine", "a\x01\n\x7f", R"(kudp: r: engine=a\x5c001\x5cn\x5c177: want)"}));

TEST_P(Refused, NamesWhatIsAllowedAndChangesNothing) {
  const auto& [attribute, value, log] = GetParam();
  Responder responder("r");
  const std::string before = responder.get(attribute);
  KernelLog kernel;
  EXPECT_EQ(responder.set(attribute, value), EINVAL);
  EXPECT_EQ(responder.get(attribute), before);
  const auto lines = kudp_lines(kernel);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], testing::HasSubstr(log));
}

TEST(Enabled, AttributesAreBusy) {
  Responder responder("r", {{"port", "9000"}, {"enabled", "1"}});
  for (const auto& [attribute, value] : Responder::Settings{{"engine", "classic"},
                                                            {"reply", "text"},
                                                            {"text", "x"},
                                                            {"amplify", "1"},
                                                            {"address", "::1"},
                                                            {"port", "9001"},
                                                            {"batch", "1"},
                                                            {"gro", "1"},
                                                            {"log", "1"},
                                                            {"turnaround", "link"},
                                                            {"guard_low_port", "0"},
                                                            {"guard_responder_port", "0"},
                                                            {"guard_hop_limit", "0"},
                                                            {"allow", "10.0.0.0/8"},
                                                            {"rate", "1"},
                                                            {"rate_prefix", "1"},
                                                            {"rate_prefix_ipv4", "8"},
                                                            {"rate_prefix_ipv6", "8"},
                                                            {"rcvbuf", "8192"}}) {
    const std::string before = responder.get(attribute);
    KernelLog kernel;
    EXPECT_EQ(responder.set(attribute, value), EBUSY) << attribute;
    EXPECT_EQ(responder.get(attribute), before);
    const auto lines = kudp_lines(kernel);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0], "kudp: r: " + attribute + "=" + value + ": want enabled=0 first");
  }
  EXPECT_EQ(responder.set("enabled", "1"), 0) << "enabling twice is no error";
}

void expect_nothing_left(Responder& responder) {
  EXPECT_EQ(responder.get("enabled"), "0");
  EXPECT_TRUE(workers_of("r").empty());
  EXPECT_TRUE(threads_named("kudp/").empty());
}

class PortTaken : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(, PortTaken, testing::Bool(), [](const auto& test) {
  return test.param ? "by_a_reuseport_group" : "by_a_socket";
});

TEST_P(PortTaken, IsRefused) {
  const Fd taken(udp_socket(Where::kHere, AF_INET));
  const int reuse = GetParam();
  setsockopt(taken.get(), SOL_SOCKET, SO_REUSEPORT, &reuse, sizeof reuse);
  const Endpoint own = resolve("127.0.0.1:9000");
  ASSERT_EQ(bind(taken.get(), own.data(), own.length), 0);

  for (const char* engine : {"classic", "kthread"}) {
    Responder responder("r", {{"engine", engine}, {"port", "9000"}});
    KernelLog kernel;
    EXPECT_EQ(responder.set("enabled", "1"), EADDRINUSE);
    const auto lines = kudp_lines(kernel);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0], "kudp: r: port=9000: already taken on 127.0.0.1: want a free one");
    expect_nothing_left(responder);
  }
}

TEST(PortTakenByAnother, ResponderIsRefused) {
  const Responder first("one", {{"port", "9000"}, {"enabled", "1"}});
  Responder second("r", {{"port", "9000"}});
  EXPECT_EQ(second.set("enabled", "1"), EADDRINUSE);
  EXPECT_EQ(second.get("enabled"), "0");
  EXPECT_EQ(second.set("port", "9001"), 0);
  EXPECT_EQ(second.set("enabled", "1"), 0);
}

TEST(ForeignAddress, IsRefused) {
  Responder responder("r", {{"address", "198.18.1.77"}, {"port", "9000"}});
  KernelLog kernel;
  EXPECT_EQ(responder.set("enabled", "1"), EADDRNOTAVAIL);
  const auto lines = kudp_lines(kernel);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0],
            "kudp: r: address=198.18.1.77: not on this host: want one of its own, or 0.0.0.0, ::");
  expect_nothing_left(responder);
}

TEST(BroadcastAddress, IsRefused) {
  for (const char* engine : {"classic", "kthread", "softirq"}) {
    Responder responder("r", {{"engine", engine}, {"address", "198.18.1.255"}, {"port", "9000"}});
    KernelLog kernel;
    EXPECT_EQ(responder.set("enabled", "1"), EADDRNOTAVAIL);
    EXPECT_THAT(kudp_lines(kernel),
                testing::ElementsAre(
                    "kudp: r: address=198.18.1.255: is a broadcast address: want a unicast one"));
    expect_nothing_left(responder);
  }
}

TEST(Allow, IsAListThatMayGrow) {
  Responder responder("r");
  EXPECT_EQ(responder.get("allow"), "all");
  EXPECT_EQ(responder.set("allow", "fd00::/8, 198.18.0.0/15\n10.1.2.3"), 0);
  EXPECT_EQ(responder.get("allow"), "10.1.2.3/32\n198.18.0.0/15\nfd00::/8");
  EXPECT_EQ(responder.set("allow", "+::1 +10.1.2.3/32"), 0);
  EXPECT_EQ(responder.set("allow", "-fd00::/8,-10.1.2.3"), 0);
  EXPECT_EQ(responder.get("allow"), "::1/128\n198.18.0.0/15");
  EXPECT_EQ(responder.set("allow", "-::1 -198.18.0.0/15"), EINVAL) << "would let in everyone";
  EXPECT_EQ(responder.get("allow"), "::1/128\n198.18.0.0/15");
  EXPECT_EQ(responder.set("allow", "10.0.0.0/8"), 0);
  EXPECT_EQ(responder.get("allow"), "10.0.0.0/8");
  EXPECT_EQ(responder.set("allow", "all"), 0);
  EXPECT_EQ(responder.get("allow"), "all");
}

// More than configfs takes in one write, as `sed s/^/+/ list > allow` sends it.
TEST(Allow, TakesThousands) {
  Responder responder("r");
  constexpr int kPrefixes = 8192;
  std::string list;
  for (int i = 0; i < kPrefixes; ++i)
    list += "+10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24\n";
  {
    std::ofstream file("/tmp/allow-list");
    file << list;
  }
  run("cat /tmp/allow-list > /sys/kernel/config/kudp/r/allow");
  std::string shown = responder.get("allow");
  EXPECT_THAT(shown, testing::StartsWith("10.0.0.0/24\n10.0.1.0/24\n"));
  int lines = 0;
  for (const char c : shown) lines += c == '\n';
  EXPECT_THAT(shown, testing::EndsWith("\n... " + std::to_string(kPrefixes - lines) + " more"));
  EXPECT_EQ(responder.set("allow", "+11.0.0.0/8"), EINVAL);
  EXPECT_EQ(responder.set("allow", "-10.31.255.0/24"), 0);
  EXPECT_EQ(responder.set("allow", "+11.0.0.0/8"), 0);
}

// Loopback is nobody's business; else a line says who may ask.
TEST(OpenToTheNetwork, IsLogged) {
  for (const auto& [address, line] : std::vector<std::pair<std::string, std::string>>{
           {"127.0.0.1", ""}, {"::1", ""}, {"0.0.0.0", "all"}, {kServer6, "2 prefixes"}}) {
    Responder responder("r", {{"address", address}, {"port", "9000"}, {"rate", "500"}});
    if (address == kServer6) {
      ASSERT_EQ(responder.set("allow", "fd00::/8 ::1"), 0);
    }
    KernelLog kernel;
    ASSERT_EQ(responder.set("enabled", "1"), 0);
    const auto lines = kudp_lines(kernel);
    ASSERT_EQ(lines.size(), line.empty() ? 1u : 2u) << address;
    if (!line.empty()) {
      EXPECT_EQ(lines[1], "kudp: r: open to the network: reply echo, allow " + line +
                              ", rate 500, rate_prefix 0 (0: any), amplify 0, guard_low_port 1, "
                              "guard_responder_port 1, guard_hop_limit 1");
    }
  }
}

// Not what was written, but what holds for the reply.
TEST(OpenToTheNetwork, NamesTheRulesThatHold) {
  for (const auto& [reply, rules] : std::vector<std::pair<std::string, std::string>>{
           {"text", "guard_low_port 1, guard_responder_port 1, guard_hop_limit 1"},
           {"stamp", "guard_low_port 1, guard_responder_port 1, guard_hop_limit 1"},
           {"discard", "guard_low_port 0, guard_responder_port 0, guard_hop_limit 0"}}) {
    Responder responder("r", {{"reply", reply}, {"address", "0.0.0.0"}, {"port", "9000"}});
    KernelLog kernel;
    ASSERT_EQ(responder.set("enabled", "1"), 0);
    EXPECT_THAT(kudp_lines(kernel),
                testing::ElementsAre(testing::_, "kudp: r: open to the network: reply " + reply +
                                                     ", allow all, rate 0, rate_prefix 0 (0: any), "
                                                     "amplify 0, " +
                                                     rules));
  }
}

// Each allowed by itself.
TEST(Combination, IsRefused) {
  const struct {
    Responder::Settings settings;
    const char* log;
  } rows[] = {
      {{{"engine", "classic"}, {"gro", "1"}},
       "kudp: r: gro=1: want engine kthread or softirq, reply echo or discard"},
      {{{"engine", "softirq"}, {"gro", "1"}, {"reply", "text"}},
       "kudp: r: gro=1: want engine kthread or softirq, reply echo or discard"},
      {{{"engine", "softirq"}, {"gro", "1"}, {"reply", "stamp"}},
       "kudp: r: gro=1: want engine kthread or softirq, reply echo or discard"},
      {{{"engine", "softirq"}, {"busy_poll", "50"}},
       "kudp: r: busy_poll=on: want engine kthread, or 0"},
      {{{"turnaround", "link"}}, "kudp: r: turnaround=link: want engine softirq, gro 0"},
      {{{"engine", "softirq"}, {"turnaround", "link"}, {"gro", "1"}},
       "kudp: r: turnaround=link: want engine softirq, gro 0"},
  };
  for (const auto& [settings, log] : rows) {
    Responder responder("r", settings);
    ASSERT_EQ(responder.set("port", "9000"), 0);
    KernelLog kernel;
    EXPECT_EQ(responder.set("enabled", "1"), EINVAL);
    EXPECT_THAT(kudp_lines(kernel), testing::ElementsAre(log));
    expect_nothing_left(responder);
  }
}

// STAMP's own port is not there to stay where nothing is served.
TEST(Combination, OfStampLeavesNoPort) {
  Responder responder("r", {{"engine", "softirq"}, {"gro", "1"}, {"reply", "stamp"}});
  EXPECT_EQ(responder.set("enabled", "1"), EINVAL);
  EXPECT_EQ(responder.get("port"), "0");
}

TEST(LinkTurnaround, IsRefusedOnLoopback) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    Responder responder(
        "r",
        {{"engine", "softirq"}, {"turnaround", "link"}, {"address", address}, {"port", "9000"}});
    KernelLog kernel;
    EXPECT_EQ(responder.set("enabled", "1"), EOPNOTSUPP);
    EXPECT_THAT(kudp_lines(kernel),
                testing::ElementsAre(std::string("kudp: r: turnaround=link: want an address on an "
                                                 "Ethernet device, not ") +
                                     address));
    expect_nothing_left(responder);
  }
}

class Parameters : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(unload_module(), 0); }
  void TearDown() override {
    if (module_is_loaded()) {
      EXPECT_EQ(unload_module(), 0);
    }
    ASSERT_EQ(load_module(""), 0);
  }
};

TEST_F(Parameters, MakeTheDefaultResponder) {
  ASSERT_EQ(load_module("port=9000 reply=text text=hi engine=classic amplify=1"), 0);
  Client client(Where::kHere, "127.0.0.1:9000");
  client.send("");
  Client::Reply reply;
  ASSERT_TRUE(client.receive(reply));
  EXPECT_EQ(reply.payload, "hi");
  EXPECT_EQ(settled_of("default", 1)["answered"], 1u);
  EXPECT_EQ(read_file("/sys/kernel/config/kudp/default/engine"), "classic\n");
  EXPECT_EQ(unload_module(), 0);
}

TEST_F(Parameters, ThatAreWrongKeepTheModuleOut) {
  for (const auto& [parameters, error, log] :
       std::vector<std::tuple<std::string, int, std::string>>{
           {"port=0", EINVAL, "kudp: default: port=0: want 1 to 65535"},
           {"port=70000", EINVAL, "kudp: default: port=70000: want 1 to 65535"},
           {"engine=classic", EINVAL, "kudp: default: port=: want 1 to 65535 before enabled=1"},
           {"port=9000 engine=x", EINVAL,
            "kudp: default: engine=x: want kthread, softirq or classic"},
           {"port=9000 allow=10.0.0.0/8,b rate=5", EINVAL,
            "kudp: default: allow=b: want up to 8192 of ADDRESS/BITS with no bit set beyond, or of "
            "+ADDRESS/BITS, -ADDRESS/BITS; or all"},
           {"port=9000 batch=0", EINVAL, "kudp: default: batch=0: want 1 to 256"},
           {"port=9000 address=198.18.1.77", EADDRNOTAVAIL,
            "kudp: default: address=198.18.1.77: not on this host: want one of its own, or "
            "0.0.0.0, ::"}}) {
    KernelLog kernel;
    EXPECT_EQ(load_module(parameters), error) << parameters;
    EXPECT_FALSE(module_is_loaded());
    const auto lines = kudp_lines(kernel);
    ASSERT_EQ(lines.size(), 1u) << parameters;
    EXPECT_EQ(lines[0], log);
  }
}

}  // namespace
}  // namespace kudp::guest
