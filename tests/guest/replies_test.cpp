// SPDX-License-Identifier: GPL-2.0-only
// What is answered, with what, from where: both engines, both families.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/udp.h>

#include <atomic>
#include <thread>
#include <tuple>

#include "tests/guest/features.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

constexpr int kPort = 9000;

class Replies : public testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  // The engine, with "_gro" or "_link" behind it where that is switched on.
  std::string way() const { return std::get<0>(GetParam()); }
  std::string engine() const { return way().substr(0, way().find('_')); }
  bool v6() const { return std::get<1>(GetParam()) == 6; }
  std::string server() const { return v6() ? kServer6 : kServer4; }
  std::string server_b() const { return v6() ? kServer6b : kServer4b; }
  std::string loopback() const { return v6() ? "::1" : "127.0.0.1"; }
  std::string any() const { return v6() ? "::" : "0.0.0.0"; }
  std::size_t largest() const { return v6() ? 65527 : 65507; }

  Responder::Settings settings(const std::string& address, int port = kPort,
                               Responder::Settings more = {}) const {
    Responder::Settings all{
        {"engine", engine()}, {"address", address}, {"port", std::to_string(port)}};
    // Where they can be had: super-packets not with a text, the link not on loopback.
    const bool text = !more.empty() && more[0].second == "text";
    if (way().ends_with("_gro") && !text) all.emplace_back("gro", "1");
    if (way().ends_with("_link") && address != loopback()) all.emplace_back("turnaround", "link");
    all.insert(all.end(), more.begin(), more.end());
    all.emplace_back("enabled", "1");
    return all;
  }
};

// Tests of what only one family has.
class RepliesIpv4 : public Replies {};
class RepliesIpv6 : public Replies {};

const auto kEngines =
    testing::Values("classic", "kthread", "kthread_gro", "softirq", "softirq_gro", "softirq_link");

std::string test_name(const testing::TestParamInfo<std::tuple<const char*, int>>& test) {
  return std::string(std::get<0>(test.param)) + "_ipv" + std::to_string(std::get<1>(test.param));
}

INSTANTIATE_TEST_SUITE_P(, Replies, testing::Combine(kEngines, testing::Values(4, 6)), test_name);
INSTANTIATE_TEST_SUITE_P(, RepliesIpv4, testing::Combine(kEngines, testing::Values(4)), test_name);
INSTANTIATE_TEST_SUITE_P(, RepliesIpv6, testing::Combine(kEngines, testing::Values(6)), test_name);

void expect_echo(Client& client, const std::string& request) {
  client.send(request);
  Client::Reply reply;
  ASSERT_TRUE(client.receive(reply)) << request.size() << " bytes unanswered";
  EXPECT_EQ(reply.payload.size(), request.size());
  EXPECT_TRUE(reply.payload == request);
  EXPECT_EQ(reply.from, client.target().str());
}

TEST_P(Replies, EchoOfEverySize) {
  const std::size_t sizes[] = {0, 1, 63, 64, 1452, 1453, 1472, 1473, 9000, largest()};
  {
    // Over the veth pair with its MTU of 1500, where the larger ones are fragments.
    const Responder responder("r", settings(server()));
    Client client(Where::kClient, at(server(), kPort));
    for (const auto size : sizes) expect_echo(client, payload(size, size));
    EXPECT_EQ(responder.settled(std::size(sizes))["answered"], std::size(sizes));
  }
  const Responder responder("r", settings(loopback()));
  Client client(Where::kHere, at(loopback(), kPort));
  for (const auto size : sizes) expect_echo(client, payload(size, size));
  EXPECT_EQ(responder.settled(std::size(sizes))["answered"], std::size(sizes));
}

// Without checksum offload the checksum in each reply is the module's own work, and each is
// checked.
TEST_P(Replies, ChecksumsWithoutOffload) {
  const WithoutOffloads none;
  const Responder responder("r", settings(server()));
  const Responder text("t", settings(server(), kPort + 1, {{"reply", "text"}, {"text", "hello"}}));
  Client client(Where::kClient, at(server(), kPort));
  Client reader(Where::kClient, at(server(), kPort + 1));
  for (const std::size_t size : {0, 1, 63, 64, 1472, 1473, 20000})
    expect_echo(client, payload(size, size));
  reader.send("what?");
  Client::Reply reply;
  ASSERT_TRUE(reader.receive(reply));
  EXPECT_EQ(reply.payload, "hello");
}

// A UDP datagram over IPv4 may come without a checksum (RFC 768).
TEST_P(RepliesIpv4, RequestWithoutChecksum) {
  const Responder responder("r", settings(server()));
  Client client(Where::kClient, at(server(), kPort));
  const int on = 1;
  ASSERT_EQ(setsockopt(client.fd(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
  expect_echo(client, payload(100));
}

TEST_P(Replies, EchoWhileCaptured) {
  // A packet socket shares every datagram, which must then be copied before it is turned.
  const Fd capture(socket(AF_PACKET, SOCK_RAW, 0x0300));
  ASSERT_GE(capture.get(), 0);
  const Responder responder("r", settings(server()));
  Client client(Where::kClient, at(server(), kPort));
  for (const std::size_t size : {0, 64, 1472, 1473, 65000})
    expect_echo(client, payload(size, size));
}

TEST_P(Replies, SuperPacketIsAnsweredSegmentBySegment) {
  const Responder responder("r", settings(server()));
  Client client(Where::kClient, at(server(), kPort));
  const int segment = 100;
  ASSERT_EQ(setsockopt(client.fd(), SOL_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
  const std::string burst = payload(16 * segment + 7);
  client.send(burst);
  std::string answer;
  for (int i = 0; i < 17; ++i) {
    Client::Reply reply;
    ASSERT_TRUE(client.receive(reply)) << "segment " << i;
    answer += reply.payload;
  }
  EXPECT_TRUE(answer == burst);
}

TEST_P(Replies, DiscardAnswersNothing) {
  const Responder responder("r", settings(server(), kPort, {{"reply", "discard"}}));
  Client client(Where::kClient, at(server(), kPort));
  for (const std::size_t size : {0, 64, 1473}) client.send(payload(size));
  Client::Reply reply;
  EXPECT_FALSE(client.receive(reply, 300));
  const Counters counters = responder.settled(3);
  EXPECT_EQ(counters.at("discarded"), 3u);
  EXPECT_TRUE(adds_up(counters));
}

TEST_P(Replies, TextIsNotLongerThanTheRequest) {
  const Responder responder("r",
                            settings(server(), kPort, {{"reply", "text"}, {"text", "testing..."}}));
  Client client(Where::kClient, at(server(), kPort));
  Client::Reply reply;
  client.send(payload(9));
  EXPECT_FALSE(client.receive(reply, 300));
  for (const std::size_t size : {10, 11, 1473, 60000}) {
    client.send(payload(size));
    ASSERT_TRUE(client.receive(reply)) << size;
    EXPECT_EQ(reply.payload, "testing...");
    EXPECT_EQ(reply.from, client.target().str());
  }
  const Counters counters = responder.settled(5);
  EXPECT_EQ(counters.at("amplification"), 1u);
  EXPECT_EQ(counters.at("answered"), 4u);
}

TEST_P(Replies, TextMayAmplifyWhereAllowed) {
  const std::string text(1024, 'x');
  const Responder responder(
      "r", settings(server(), kPort, {{"reply", "text"}, {"text", text}, {"amplify", "1"}}));
  Client client(Where::kClient, at(server(), kPort));
  for (const std::size_t size : {0, 1, 1024, 3000}) {
    Client::Reply reply;
    client.send(payload(size));
    ASSERT_TRUE(client.receive(reply)) << size;
    EXPECT_EQ(reply.payload, text);
  }
}

TEST_P(Replies, EmptyText) {
  const Responder responder("r", settings(server(), kPort, {{"reply", "text"}}));
  Client client(Where::kClient, at(server(), kPort));
  Client::Reply reply;
  client.send(payload(64));
  ASSERT_TRUE(client.receive(reply));
  EXPECT_EQ(reply.payload, "");
}

TEST_P(Replies, WildcardAnswersFromTheAddressAsked) {
  const Responder responder("r", settings(any()));
  for (const auto& address : {server(), server_b()}) {
    Client client(Where::kClient, at(address, kPort));
    expect_echo(client, payload(64));
  }
  Client local(Where::kHere, at(loopback(), kPort));
  expect_echo(local, payload(64));
  Client itself(Where::kHere, at(server_b(), kPort));
  expect_echo(itself, payload(64));
}

TEST_P(RepliesIpv6, WildcardServesIpv4Too) {
  const Responder responder("r", settings("::"));
  for (const auto& address : {kServer4, kServer4b}) {
    Client client(Where::kClient, at(address, kPort));
    expect_echo(client, payload(64));
    expect_echo(client, payload(3000));
  }
}

TEST_P(Replies, SpecificAddressAnswersThereOnly) {
  const Responder responder("r", settings(server()));
  Client other(Where::kClient, at(server_b(), kPort));
  Client::Reply reply;
  other.send(payload(64));
  EXPECT_FALSE(other.receive(reply, 300));
  EXPECT_EQ(responder.stats()["received"], 0u);
}

TEST_P(RepliesIpv6, LinkLocal) {
  run("ip address add fe80::1/64 dev kudp-s nodad");
  {
    const Responder responder("r", settings("fe80::1%kudp-s"));
    // The scope is an index of the client's namespace.
    Client client(Where::kClient, at(server(), kPort));
    Endpoint target = client.target();
    auto& address = reinterpret_cast<sockaddr_in6&>(target.address);
    inet_pton(AF_INET6, "fe80::1", &address.sin6_addr);
    address.sin6_scope_id = std::stoi(read_file("/sys/class/net/kudp-s/iflink"));
    const std::string request = payload(64);
    ASSERT_EQ(sendto(client.fd(), request.data(), request.size(), 0, target.data(), target.length),
              64);
    Client::Reply reply;
    ASSERT_TRUE(client.receive(reply));
    EXPECT_TRUE(reply.payload == request);
  }
  run("ip address del fe80::1/64 dev kudp-s");
}

TEST_P(Replies, ManyClientsAtOnce) {
  const Responder responder("r", settings(any()));
  constexpr int kClients = 8, kRequests = 200;
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int c = 0; c < kClients; ++c)
    threads.emplace_back([&, c] {
      Client client(c % 2 ? Where::kHere : Where::kClient,
                    at(c % 4 < 2 ? server() : server_b(), kPort));
      for (int i = 0; i < kRequests; ++i) {
        const std::string request = payload(1 + (i * 37 + c) % 1400, c * kRequests + i);
        client.send(request);
        Client::Reply reply;
        if (!client.receive(reply) || reply.payload != request ||
            reply.from != client.target().str()) {
          ++wrong;
          break;
        }
      }
    });
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(wrong, 0);
  const Counters counters = responder.settled(kClients * kRequests);
  EXPECT_EQ(counters.at("answered"), std::uint64_t{kClients * kRequests});
  EXPECT_TRUE(adds_up(counters));
}

TEST_P(Replies, TwoRespondersKeepApart) {
  const Responder one("one", settings(server(), kPort));
  const Responder two("two", settings(server(), kPort + 1, {{"reply", "text"}, {"text", "two"}}));
  Client first(Where::kClient, at(server(), kPort));
  Client second(Where::kClient, at(server(), kPort + 1));
  for (int i = 0; i < 10; ++i) {
    expect_echo(first, payload(50, i));
    second.send(payload(50, i));
    Client::Reply reply;
    ASSERT_TRUE(second.receive(reply));
    EXPECT_EQ(reply.payload, "two");
  }
  EXPECT_EQ(one.settled(10)["answered"], 10u);
  EXPECT_EQ(two.settled(10)["answered"], 10u);
}

// Whatever could loop, or reach more than the one who asked, gets no answer.
TEST_P(Replies, RefusedSources) {
  const Responder responder("r", settings(any()));
  Client same_port(Where::kClient, at(server(), kPort));
  const Endpoint own = resolve(at(any(), kPort));
  ASSERT_EQ(bind(same_port.fd(), own.data(), own.length), 0);
  same_port.send(payload(64));
  Client::Reply reply;
  EXPECT_FALSE(same_port.receive(reply, 300));
  const Counters counters = responder.settled(1);
  EXPECT_EQ(counters.at("responder_port"), 1u);
  EXPECT_TRUE(adds_up(counters));
}

TEST_P(Replies, BroadcastAndMulticastStayUnanswered) {
  const Responder responder("r", settings(any()));
  Client client(Where::kClient, at(v6() ? "ff02::1" : "198.18.1.255", kPort));
  if (v6()) {
    const int index = std::stoi(read_file("/sys/class/net/kudp-s/iflink"));
    ASSERT_EQ(setsockopt(client.fd(), IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index), 0);
  } else {
    const int on = 1;
    ASSERT_EQ(setsockopt(client.fd(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on), 0);
  }
  client.send(payload(64));
  Client::Reply reply;
  EXPECT_FALSE(client.receive(reply, 300));
  const Counters counters = responder.settled(1);
  EXPECT_EQ(counters.at("answered"), 0u);
  EXPECT_GE(counters.at("not_unicast"), 1u) << "a copy for each worker";
  EXPECT_TRUE(adds_up(counters));
}

// Made for datagrams of this host itself, to port 20001.
class Rule {
 public:
  explicit Rule(bool v6) : rule_(std::string(v6 ? "ip -6" : "ip") + " rule ") {
    run(rule_ + "add " + kWhich + " prohibit");
  }
  ~Rule() { run(rule_ + "delete " + kWhich); }
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

 private:
  static constexpr char kWhich[] = "iif lo ipproto 17 dport 20001";
  std::string rule_;
};

// What was remembered of a peer holds for its other ports only where no rule may look at them.
TEST_P(Replies, ARuleForAPortIsHeeded) {
  const Responder responder("r", settings(server()));
  const auto ask_from = [&](int port) {
    Client client(Where::kClient, at(server(), kPort));
    const Endpoint own = resolve(at(v6() ? "::" : "0.0.0.0", port));
    EXPECT_EQ(bind(client.fd(), own.data(), own.length), 0);
    client.send(payload(64));
    return client;
  };
  const Rule rule(v6());
  const Client remembered = ask_from(20000);
  EXPECT_EQ(responder.settled(1)["answered"], 1u);
  const Client other = ask_from(20001);
  EXPECT_EQ(responder.settled(2)["answered"], way().ends_with("_link") ? 2u : 1u);
}

// A socket of both families is told of an IPv4 group as if it were an IPv6 address.
TEST(RepliesOfBothFamilies, ABroadcastStaysUnanswered) {
  for (const bool elsewhere : {false, true}) {
    Responder::Settings settings{{"engine", "classic"}, {"address", "::"}, {"port", "9000"}};
    if (elsewhere) settings.emplace_back("reply_to", "198.18.1.9:9001");
    settings.emplace_back("enabled", "1");
    const Responder responder("r", settings);
    Client client(Where::kClient, at("198.18.1.255", 9000));
    const int on = 1;
    ASSERT_EQ(setsockopt(client.fd(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on), 0);
    client.send(payload(64));
    const Counters counters = responder.settled(sysconf(_SC_NPROCESSORS_CONF));
    EXPECT_EQ(counters.at("answered"), 0u);
    EXPECT_EQ(counters.at("not_unicast"), counters.at("received")) << "a copy for each worker";
    client = Client(Where::kClient, at(kServer4, 9000));
    client.send(payload(64));
    EXPECT_EQ(responder.settled(counters.at("received") + 1).at("answered"), 1u);
  }
}

}  // namespace
}  // namespace kudp::guest
