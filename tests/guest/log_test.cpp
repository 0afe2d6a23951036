// SPDX-License-Identifier: GPL-2.0-only
// log=1: what strangers can and cannot write into the kernel log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "loadgen/base/cpus.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

// A responder of the engine that takes in everything, says so, and answers nothing.
class Log : public testing::TestWithParam<const char*> {
 protected:
  Responder::Settings settings(const std::string& log = "1", const std::string& address = "::") {
    return {{"engine", GetParam()}, {"reply", "discard"}, {"address", address},
            {"port", "5555"},       {"log", log},         {"enabled", "1"}};
  }

  // Sends it to a responder that logs; the lines that came of it.
  std::vector<std::string> lines_of(const std::string& text,
                                    const std::string& target = "127.0.0.1:5555") {
    const Responder responder("r", settings());
    KernelLog log;
    Client(Where::kHere, target).send(text);
    responder.settled(1);
    return log.lines_from("kudp: r: ");
  }
};
INSTANTIATE_TEST_SUITE_P(, Log, testing::Values("classic", "kthread", "softirq"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Log, SizeTextAndSender) {
  EXPECT_THAT(lines_of("Hallo"),
              testing::ElementsAre("kudp: r: 5 bytes: msg \"Hallo\" from 127.0.0.1"));
  EXPECT_THAT(lines_of("Hallo", "[::1]:5555"),
              testing::ElementsAre("kudp: r: 5 bytes: msg \"Hallo\" from ::1"));
  EXPECT_THAT(lines_of(""), testing::ElementsAre("kudp: r: 0 bytes: msg \"\" from 127.0.0.1"));
  EXPECT_THAT(lines_of(std::string(1, '\0')),
              testing::ElementsAre("kudp: r: 1 bytes: msg \"\" from 127.0.0.1"));
}

TEST_P(Log, HostileBytesAreEscaped) {
  using namespace std::string_literals;
  EXPECT_THAT(
      lines_of("\" from 10.0.0.1\\\n<0>kudp: r: forged\x1b[31m\0\a\t\x7f\x9b\xc3\xa4\xff%s%n"s),
      testing::ElementsAre(
          "kudp: r: 52 bytes: msg "
          R"("\" from 10.0.0.1\\\n<0>kudp: r: forged\e[31m\0\a\t\177\233\303\244\377%s%n")"
          " from 127.0.0.1"));
}

TEST_P(Log, LongTextIsCutOff) {
  EXPECT_THAT(lines_of(std::string(128, 'x')),
              testing::ElementsAre("kudp: r: 128 bytes: msg \"" + std::string(128, 'x') +
                                   "\" from 127.0.0.1"));
  EXPECT_THAT(lines_of(std::string(60000, 'x')),
              testing::ElementsAre("kudp: r: 60000 bytes: msg \"" + std::string(128, 'x') +
                                   "\"... from 127.0.0.1"));
  const auto worst = lines_of(std::string(1400, '\xff'));
  ASSERT_EQ(worst.size(), 1u);
  EXPECT_EQ(worst[0].size(),
            4 * 128 + std::string("kudp: r: 1400 bytes: msg \"\"... from 127.0.0.1").size());
}

TEST_P(Log, AFloodIsCountedNotWritten) {
  constexpr std::uint64_t kDatagrams = 3000;
  Responder responder("r", settings());
  KernelLog log;
  Client client(Where::kHere, "127.0.0.1:5555");
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t n = 1; n <= kDatagrams; ++n) {
    client.send("x");
    if (n % 100 == 0) responder.settled(n);
  }
  ASSERT_EQ(responder.settled(kDatagrams)["discarded"], kDatagrams);
  EXPECT_EQ(responder.set("enabled", "0"), 0);
  const auto lines = log.lines_from("kudp: r: ");
  ASSERT_GE(lines.size(), 3u);
  // In every interval of 5 s that has begun, 10 lines of each CPU.
  const auto intervals = 1 + (std::chrono::steady_clock::now() - begin) / std::chrono::seconds(5);
  const std::uint64_t written = lines.size() - 2;
  EXPECT_LE(written, intervals * 10 * allowed_cpus().size());
  EXPECT_EQ(lines[written],
            "kudp: r: " + std::to_string(kDatagrams - written) + " more datagrams were not logged");
  EXPECT_EQ(lines.back(), "kudp: r: stopped");
}

TEST_P(Log, IsOffByDefault) {
  const Responder responder("r", settings("0"));
  EXPECT_EQ(Responder("other").get("log"), "0");
  KernelLog log;
  Client(Where::kHere, "127.0.0.1:5555").send("Hallo");
  EXPECT_EQ(responder.settled(1)["discarded"], 1u);
  EXPECT_TRUE(log.lines_from("kudp: r: ").empty());
}

TEST(LogSettings, RefusedTogetherWithGro) {
  Responder responder("r", {{"port", "5555"}, {"log", "1"}, {"gro", "1"}});
  KernelLog log;
  EXPECT_EQ(responder.set("enabled", "1"), EINVAL);
  EXPECT_THAT(log.lines_from("kudp: "),
              testing::ElementsAre("kudp: r: log=1: want gro 0: super-packets are not logged"));
}

}  // namespace
}  // namespace kudp::guest
