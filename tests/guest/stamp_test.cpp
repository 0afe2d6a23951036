// SPDX-License-Identifier: GPL-2.0-only
// The live reflector, on each engine and both families. What a packet must look like in detail is
// tests/unit/kmod/stamp_test.cpp's; here are the fields that only a kernel can fill, and the ways
// there.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <map>
#include <optional>
#include <thread>
#include <tuple>

#include "loadgen/base/cpus.hpp"
#include "tests/guest/features.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

constexpr int kPort = 9862;
constexpr std::size_t kBase = 44;
constexpr std::int64_t kRounding = 2;  // ns, of NTP's format

std::uint32_t get32(const std::string& packet, std::size_t at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(packet.at(at + i));
  return value;
}

// Nanoseconds of the Unix epoch.
std::int64_t time_of(const std::string& packet, std::size_t at) {
  const std::int64_t seconds = std::int64_t{get32(packet, at)} - 2208988800;
  return seconds * 1'000'000'000 +
         static_cast<std::int64_t>(get32(packet, at + 4) * 1e9 / 4294967296);
}

std::int64_t now() {
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

// Over veth the CPU that sends is the one whose worker answers.
void on_one_cpu(const std::function<void()>& body) {
  std::thread([&] {
    pin_to(0);
    body();
  }).join();
}

// A session sender's packet with error estimate 1 and a timestamp that nothing interprets.
std::string request(std::uint32_t sequence, std::size_t size = kBase, int ssid = 0) {
  std::string packet(std::max<std::size_t>(size, 16), '\0');
  for (int i = 0; i < 4; ++i) packet[i] = static_cast<char>(sequence >> 8 * (3 - i));
  packet.replace(4, 8, "\x11\x22\x33\x44\x55\x66\x77\x88");
  packet[13] = 1;
  packet[14] = static_cast<char>(ssid >> 8);
  packet[15] = static_cast<char>(ssid);
  packet.resize(size);
  return packet;
}

class Stamp : public testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  bool v6() const { return std::get<1>(GetParam()) == 6; }
  std::string server() const { return v6() ? kServer6 : kServer4; }

  Responder::Settings settings(Responder::Settings more = {}) const {
    Responder::Settings all{{"engine", std::get<0>(GetParam())},
                            {"reply", "stamp"},
                            {"address", server()},
                            {"port", std::to_string(kPort)}};
    all.insert(all.end(), more.begin(), more.end());
    all.emplace_back("enabled", "1");
    return all;
  }

  Client client() const { return Client(Where::kClient, at(server(), kPort)); }

  // The reply to `packet`, which is as long.
  std::string reflected(Client& client, const std::string& packet) const {
    client.send(packet);
    Client::Reply reply;
    if (!client.receive(reply)) {
      ADD_FAILURE() << packet.size() << " bytes unanswered";
      return std::string(packet.size() + kBase, '\0');
    }
    EXPECT_EQ(reply.payload.size(), packet.size());
    EXPECT_EQ(reply.from, client.target().str());
    return reply.payload;
  }

  void expect_unanswered(const Responder& responder, const std::string& packet,
                         const std::string& counter) const {
    const std::uint64_t before = responder.stats()["received"];
    Client sender = client();
    sender.send(packet);
    Client::Reply reply;
    EXPECT_FALSE(sender.receive(reply, 200)) << packet.size() << " bytes";
    const Counters counters = responder.settled(before + 1);
    EXPECT_EQ(counters.at(counter), 1u) << counter;
    EXPECT_TRUE(adds_up(counters));
  }
};

std::string test_name(const testing::TestParamInfo<std::tuple<const char*, int>>& test) {
  return std::string(std::get<0>(test.param)) + "_ipv" + std::to_string(std::get<1>(test.param));
}

INSTANTIATE_TEST_SUITE_P(, Stamp,
                         testing::Combine(testing::Values("classic", "kthread", "softirq"),
                                          testing::Values(4, 6)),
                         test_name);

TEST_P(Stamp, Rfc8762_4_3_1_TimestampsAreInOrderAndOfThisHostsClock) {
  const Responder responder("r", settings());
  Client sender = client();
  for (int i = 0; i < 20; ++i) {
    const std::int64_t t1 = now();
    const std::string reply = reflected(sender, request(i));
    const std::int64_t t2 = time_of(reply, 16), t3 = time_of(reply, 4), t4 = now();
    EXPECT_LE(t1, t2 + kRounding);
    EXPECT_LE(t2, t3 + kRounding);
    EXPECT_LE(t3, t4 + kRounding);
  }
}

TEST_P(Stamp, Rfc8762_4_3_1_SessionSenderFields) {
  const Responder responder("r", settings());
  Client sender = client();
  const std::string packet = request(0x01020304);
  const std::string reply = reflected(sender, packet);
  EXPECT_EQ(reply.substr(24, 14), packet.substr(0, 14));
  EXPECT_EQ(get32(reply, 0), 0x01020304u) << "stateless: the sequence number is copied";
}

TEST_P(Stamp, Rfc8762_4_3_1_SessionSenderTtlIsTheRequests) {
  const Responder responder("r", settings());
  Client sender = client();
  for (const int ttl : {2, 77, 255}) {  // at 1 the guard sees a loop end
    ASSERT_EQ(setsockopt(sender.fd(), v6() ? IPPROTO_IPV6 : IPPROTO_IP,
                         v6() ? IPV6_UNICAST_HOPS : IP_TTL, &ttl, sizeof ttl),
              0);
    EXPECT_EQ(static_cast<unsigned char>(reflected(sender, request(0))[40]), ttl);
  }
}

TEST_P(Stamp, Rfc8762_4_3_1_TtlOnAWildcardAddress) {
  const Responder responder("r", settings({{"address", "::"}}));
  Client sender = client();
  const int ttl = 78;
  ASSERT_EQ(setsockopt(sender.fd(), v6() ? IPPROTO_IPV6 : IPPROTO_IP,
                       v6() ? IPV6_UNICAST_HOPS : IP_TTL, &ttl, sizeof ttl),
            0);
  EXPECT_EQ(reflected(sender, request(0))[40], ttl);
}

// The module cannot know; who can says so at any time.
TEST_P(Stamp, Rfc4656_4_1_2_ErrorEstimate) {
  Responder responder("r", settings());
  Client sender = client();
  EXPECT_EQ(reflected(sender, request(0)).substr(12, 2), "\x3f\xff");
  ASSERT_EQ(responder.set("clock_error", "1000000"), 0);
  // 132 * 2^(15 - 32) s = 1.007 ms
  EXPECT_EQ(reflected(sender, request(1)).substr(12, 2), "\x8f\x84");
  ASSERT_EQ(responder.set("clock_error", "0"), 0);
  EXPECT_EQ(reflected(sender, request(2)).substr(12, 2), "\x3f\xff");
}

TEST_P(Stamp, Rfc8762_4_3_SymmetricSizeWithAndWithoutOffload) {
  for (const bool offload : {true, false}) {
    std::optional<WithoutOffloads> none;
    if (!offload) none.emplace();
    const Responder responder("r", settings());
    Client sender = client();
    for (const std::size_t size : {41, 44, 45, 111, 1472, 1473, 20001, 65000}) {
      const std::string packet = request(1, size);
      const std::string reply = reflected(sender, packet);
      EXPECT_EQ(reply.substr(24, 4), packet.substr(0, 4)) << size;
    }
    EXPECT_EQ(responder.settled(8)["answered"], 8u);
  }
}

// A packet socket shares every datagram, and what it sees of the request may not change.
TEST_P(Stamp, WhileCaptured) {
  const Fd capture(socket(AF_PACKET, SOCK_RAW, 0x0300));
  ASSERT_GE(capture.get(), 0);
  const Responder responder("r", settings());
  Client sender = client();
  for (const std::size_t size : {44, 1472, 60000}) reflected(sender, request(2, size));
}

TEST_P(Stamp, Rfc8972_4_UnrecognizedTlvAndPadding) {
  const Responder responder("r", settings());
  Client sender = client();
  const auto tlvs = [](std::initializer_list<int> bytes) {
    return std::string(bytes.begin(), bytes.end());
  };
  const std::string packet =
      request(1) + tlvs({0x80, 1, 0, 2, 7, 7, 0x80, 200, 0, 1, 5, 0x80, 3, 0, 99, 1});
  EXPECT_EQ(reflected(sender, packet).substr(kBase),
            tlvs({0, 1, 0, 2, 7, 7, 0x80, 200, 0, 1, 5, 0xc0, 3, 0, 99, 1}));
}

TEST_P(Stamp, Rfc8972_3_SsidIsCopied) {
  const Responder responder("r", settings());
  Client sender = client();
  EXPECT_EQ(reflected(sender, request(1, kBase, 0x4142)).substr(14, 2), "AB");
}

// RFC 8762 section 4: one count for each session, which the addresses, the port and the SSID name.
TEST_P(Stamp, Rfc8762_4_StatefulCountsEachSession) {
  const Responder responder("r", settings({{"stateful", "1"}}));
  on_one_cpu([&] {
    Client one = client(), two = client();
    for (unsigned i = 0; i < 5; ++i) {
      // Three of four are lost on their way there, as it seems.
      EXPECT_EQ(get32(reflected(one, request(i * 4)), 0), i);
      EXPECT_EQ(get32(reflected(two, request(i)), 0), i);
      EXPECT_EQ(get32(reflected(one, request(i, kBase, 9)), 0), i) << "a session of its own";
    }
  });
}

TEST_P(Stamp, StatefulHasRoomForSoManySessions) {
  const Responder responder("r", settings({{"stateful", "1"}}));
  constexpr int kSessions = 1500;  // of 1,024 at most
  on_one_cpu([&] {
    Client sender = client();
    for (int ssid = 1; ssid <= kSessions; ++ssid) {
      sender.send(request(0, kBase, ssid));
      Client::Reply reply;
      if (sender.receive(reply, ssid == kSessions ? 200 : 0)) {
        EXPECT_EQ(get32(reply.payload, 0), 0u) << "a session's first";
      }
    }
  });
  const Counters counters = responder.settled(kSessions);
  EXPECT_EQ(counters.at("answered") + counters.at("stamp_sessions"), std::uint64_t{kSessions});
  EXPECT_GE(counters.at("stamp_sessions"), kSessions - 1024u);
  EXPECT_GE(counters.at("answered"), 700u);
}

TEST_P(Stamp, Rfc5357_AppendixI_TwampLight) {
  {
    const Responder responder("r", settings());
    expect_unanswered(responder, request(1, 14), "amplification");
    Client sender = client();
    // With the 27 bytes of padding that make both ways alike (RFC 6038 section 5).
    const std::string reply = reflected(sender, request(1, 14) + std::string(27, 'p'));
    EXPECT_EQ(get32(reply, 24), 1u);
    EXPECT_EQ(reply.substr(14, 2), std::string(2, '\0'));
  }
  const Responder responder("r", settings({{"amplify", "1"}}));
  Client sender = client();
  sender.send(request(1, 14));
  Client::Reply reply;
  ASSERT_TRUE(sender.receive(reply));
  EXPECT_EQ(reply.payload.size(), 41u);
  EXPECT_EQ(get32(reply.payload, 24), 1u);
}

TEST_P(Stamp, WhatIsNotAnsweredIsCountedByReason) {
  const Responder responder("r", settings({{"amplify", "1"}}));
  expect_unanswered(responder, "", "stamp_short");
  std::string corrupt = request(1);
  corrupt[13] = 0;
  expect_unanswered(responder, corrupt, "stamp_corrupt");
  expect_unanswered(responder, request(1).substr(0, 4) + std::string(108, '\0'),
                    "stamp_authenticated");
}

// The client's host runs an echo service on `port`, and somebody sent a request in its name.
// Returns how often the reflector answered until it did no more, at most `most` times.
int exchanges(const Responder& responder, Client& echo, bool v6, int port, int most) {
  const Endpoint own = resolve(at(v6 ? "::" : "0.0.0.0", port));
  if (bind(echo.fd(), own.data(), own.length) != 0) throw std::runtime_error("bind");
  std::string packet = request(0);
  for (int answered = 0; answered < most; ++answered) {
    Counters before = responder.stats();
    echo.send(packet);
    if (responder.settled(before["received"] + 1)["answered"] == before["answered"])
      return answered;
    Client::Reply reply;
    if (!echo.receive(reply)) throw std::runtime_error("a reply is lost");
    packet = reply.payload;
  }
  return most;
}

TEST_P(Stamp, ALoopWithAnEchoServiceEnds) {
  for (const char* stateful : {"0", "1"})
    for (const auto& [port, times] : {std::pair{7, 0}, {19, 0}, {862, 1}, {1023, 0}, {40000, 1}}) {
      const Responder responder("r", settings({{"stateful", stateful}}));
      Client echo = client();
      EXPECT_EQ(exchanges(responder, echo, v6(), port, 10), times) << port;
      EXPECT_EQ(responder.stats()[times ? "stamp_reply" : "low_port"], 1u) << port;
    }
}

// The error estimate that a reply was sent with may be another one when it comes back.
TEST_P(Stamp, ALoopEndsAfterTheClocksErrorChanged) {
  Responder responder("r", settings());
  Client echo = client();
  EXPECT_EQ(exchanges(responder, echo, v6(), 40001, 1), 1);
  ASSERT_EQ(responder.set("clock_error", "1000000"), 0);
  Client again = client();
  EXPECT_EQ(exchanges(responder, again, v6(), 40002, 10), 1);
}

TEST_P(Stamp, Rfc8762_4_1_PortIsTheDefault) {
  const Responder responder("r", {{"engine", std::get<0>(GetParam())},
                                  {"reply", "stamp"},
                                  {"address", server()},
                                  {"enabled", "1"}});
  EXPECT_EQ(responder.get("port"), "862");
  Client sender(Where::kClient, at(server(), 862));
  EXPECT_EQ(get32(reflected(sender, request(3)), 24), 3u);
}

// How long a reflector holds a packet, T3 - T2: the engine that answers where packets arrive holds
// it shortest. Not by the medians, which on a busy machine are its other work's.
TEST(StampEngines, SoftirqHoldsPacketsShortest) {
  std::map<std::string, std::int64_t> shortest;
  for (const char* engine : {"classic", "kthread", "softirq"}) {
    const Responder responder(
        "r", {{"engine", engine}, {"reply", "stamp"}, {"address", kServer4}, {"enabled", "1"}});
    Client sender(Where::kClient, at(kServer4, 862));
    std::vector<std::int64_t> held;
    for (int i = 0; i < 300; ++i) {
      sender.send(request(i));
      Client::Reply reply;
      ASSERT_TRUE(sender.receive(reply));
      held.push_back(time_of(reply.payload, 4) - time_of(reply.payload, 16));
    }
    std::ranges::nth_element(held, held.begin() + 150);
    shortest[engine] = *std::ranges::min_element(held);
    printf("%-8s T3 - T2: median %ld ns, shortest %ld ns\n", engine, held[150], shortest[engine]);
  }
  EXPECT_LT(shortest["softirq"], shortest["kthread"]);
  EXPECT_LT(shortest["softirq"], shortest["classic"]);
}

}  // namespace
}  // namespace kudp::guest
