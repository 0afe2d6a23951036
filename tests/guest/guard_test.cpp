// SPDX-License-Identifier: GPL-2.0-only
// The guard's rules on each engine and both families: who is refused, and under which counter.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <tuple>

#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"
#include "tests/guest/trace.hpp"

namespace kudp::guest {
namespace {

constexpr int kPort = 9000;
constexpr char kClient4[] = "198.18.1.9";
constexpr char kClient6[] = "fd00:6b75:6470:1::9";

class Guard : public testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  std::string way() const { return std::get<0>(GetParam()); }
  bool v6() const { return std::get<1>(GetParam()) == 6; }
  std::string server() const { return v6() ? kServer6 : kServer4; }
  std::string server_b() const { return v6() ? kServer6b : kServer4b; }
  std::string client() const { return v6() ? kClient6 : kClient4; }

  Responder::Settings settings(Responder::Settings more = {}, int port = kPort,
                               const std::string& address = "") const {
    Responder::Settings all{{"engine", way().substr(0, way().find('_'))},
                            {"address", address.empty() ? server() : address},
                            {"port", std::to_string(port)}};
    if (way().ends_with("_gro")) all.emplace_back("gro", "1");
    if (way().ends_with("_link")) all.emplace_back("turnaround", "link");
    all.insert(all.end(), more.begin(), more.end());
    all.emplace_back("enabled", "1");
    return all;
  }
};

INSTANTIATE_TEST_SUITE_P(, Guard,
                         testing::Combine(testing::Values("classic", "kthread", "kthread_gro",
                                                          "softirq", "softirq_gro", "softirq_link"),
                                          testing::Values(4, 6)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param)) + "_ipv" +
                                  std::to_string(std::get<1>(test.param));
                         });

void bind_port(Client& client, bool v6, int port) {
  const Endpoint own = resolve(at(v6 ? "::" : "0.0.0.0", port));
  ASSERT_EQ(bind(client.fd(), own.data(), own.length), 0) << port;
}

// What one request from `source_port` comes to: the only counter that it raised, and the only
// reason that was traced.
std::string verdict(const Trace& trace, const Responder& responder, bool v6,
                    const std::string& server, int source_port) {
  trace.clear();
  const Counters before = responder.stats();
  Client client(Where::kClient, at(server, kPort));
  bind_port(client, v6, source_port);
  client.send(payload(64));
  const Counters after = responder.settled(before.at("received") + 1);
  Client::Reply reply;
  const bool answered =
      client.receive(reply, after.at("answered") > before.at("answered") ? kPatienceMs : 50);
  std::string raised;
  for (const auto& [counter, value] : after)
    if (counter != "received" && value != before.at(counter)) raised += counter;
  EXPECT_EQ(answered, raised == "answered");
  EXPECT_EQ(trace.refusals(),
            answered ? std::vector<std::string>() : std::vector<std::string>{raised});
  return raised;
}

TEST_P(Guard, SourcePorts) {
  const Trace trace;
  const Responder other("other", settings({}, 9001, server_b()));
  {
    const Responder responder("r", settings());
    for (const int low : {1, 7, 19, 53, 123, 1023})
      EXPECT_EQ(verdict(trace, responder, v6(), server(), low), "low_port") << low;
    EXPECT_EQ(verdict(trace, responder, v6(), server(), 1024), "answered");
    EXPECT_EQ(verdict(trace, responder, v6(), server(), kPort), "responder_port");
    EXPECT_EQ(verdict(trace, responder, v6(), server(), 9001), "responder_port");
    EXPECT_EQ(verdict(trace, responder, v6(), server(), 9002), "answered");
  }
  {
    const Responder responder("r", settings({{"guard_low_port", "0"}}));
    EXPECT_EQ(verdict(trace, responder, v6(), server(), 53), "answered");
    EXPECT_EQ(verdict(trace, responder, v6(), server(), 9001), "responder_port");
  }
  const Responder responder("r", settings({{"guard_responder_port", "0"}}));
  EXPECT_EQ(verdict(trace, responder, v6(), server(), kPort), "answered");
  EXPECT_EQ(verdict(trace, responder, v6(), server(), 9001), "answered");
  EXPECT_EQ(verdict(trace, responder, v6(), server(), 53), "low_port");
}

TEST_P(Guard, APortIsFreeAgainWhenItsResponderIsGone) {
  const Trace trace;
  const Responder responder("r", settings());
  {
    const Responder other("other", settings({}, 9001, server_b()));
    const Responder same("same", settings({}, 9001));
    EXPECT_EQ(verdict(trace, responder, v6(), server(), 9001), "responder_port");
  }
  EXPECT_EQ(verdict(trace, responder, v6(), server(), 9001), "answered");
}

TEST_P(Guard, Allow) {
  const Trace trace;
  const std::string inside = v6() ? "fd00:6b75:6470:1::/64" : "198.18.1.8/29";
  const std::string outside = v6() ? "fd00:6b75:6470:2::/64,::1" : "198.18.1.10/31 198.18.1.0/29";
  {
    const Responder responder("r", settings({{"allow", outside}}));
    EXPECT_EQ(verdict(trace, responder, v6(), server(), 40000), "not_allowed");
  }
  const Responder responder("r", settings({{"allow", outside + "\n" + inside}}));
  EXPECT_EQ(verdict(trace, responder, v6(), server(), 40000), "answered");
}

// Twice what may come in a burst, to a responder whose share is known: all from one CPU.
TEST_P(Guard, Rates) {
  const auto workers = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
  for (const std::string rate : {"rate", "rate_prefix"}) {
    // A gap so long that the test cannot outlast it.
    const Responder responder("r", settings({{rate, "1"}}));
    Client client(Where::kClient, at(server(), kPort));
    constexpr unsigned kRequests = 50;
    const auto begin = std::chrono::steady_clock::now();
    for (unsigned i = 0; i < kRequests; ++i) client.send(payload(64));
    const Counters counters = responder.settled(kRequests);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(counters.at("answered") + counters.at(rate), kRequests) << rate;
    EXPECT_GE(counters.at("answered"), 1u);
    EXPECT_LE(counters.at("answered"), workers + static_cast<unsigned>(took.count()) + 1) << rate;
  }
}

TEST_P(Guard, ARateComesBackWithTime) {
  const Responder responder("r", settings({{"rate_prefix", "20"}}));
  Client client(Where::kClient, at(server(), kPort));
  for (int i = 0; i < 100; ++i) client.send(payload(64));
  EXPECT_GT(responder.settled(100)["rate_prefix"], 0u);
  const auto before = responder.stats();
  std::uint64_t asked = 100;
  EXPECT_TRUE(eventually([&] {
    client.send(payload(64));
    return responder.settled(++asked)["answered"] > before.at("answered");
  }));
}

// The answer's hop limit is one less than its request's, so that no loop goes on.
TEST_P(Guard, HopLimit) {
  const auto hops_of_answer = [&](int hops) {
    Client client(Where::kClient, at(server(), kPort));
    const int on = 1;
    const int level = v6() ? int{IPPROTO_IPV6} : int{IPPROTO_IP};
    EXPECT_EQ(setsockopt(client.fd(), level, v6() ? IPV6_UNICAST_HOPS : IP_TTL, &hops, sizeof hops),
              0);
    EXPECT_EQ(setsockopt(client.fd(), level, v6() ? IPV6_RECVHOPLIMIT : IP_RECVTTL, &on, sizeof on),
              0);
    const timeval briefly{0, 200'000};
    if (hops == 1) setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &briefly, sizeof briefly);
    client.send(payload(64));
    char data[128];
    alignas(cmsghdr) char control[64];
    iovec iov{data, sizeof data};
    msghdr message{};
    message.msg_iov = &iov;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(client.fd(), &message, 0) < 0) return 0;
    int value = -1;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message))
      memcpy(&value, CMSG_DATA(header), sizeof value);
    return value;
  };
  for (const std::string& address : {server(), std::string(v6() ? "::" : "0.0.0.0")}) {
    const Responder responder("r", settings({}, kPort, address));
    EXPECT_EQ(hops_of_answer(255), 64);
    EXPECT_EQ(hops_of_answer(64), 63);
    EXPECT_EQ(hops_of_answer(2), 1);
    EXPECT_EQ(hops_of_answer(1), 0);
    EXPECT_EQ(responder.settled(4)["hop_limit"], 1u);
  }
  const Responder responder("r", settings({{"guard_hop_limit", "0"}}));
  EXPECT_EQ(hops_of_answer(1), 64);
}

// Frames as a forger sends them, from the client's device to the server's.
class Forger {
 public:
  explicit Forger(bool v6) : v6_(v6) {
    const Fd namespaced(udp_socket(Where::kClient, AF_INET));
    ifreq request{};
    strcpy(request.ifr_name, "kudp-c");
    EXPECT_EQ(ioctl(namespaced.get(), SIOCGIFINDEX, &request), 0);
    to_.sll_ifindex = request.ifr_ifindex;
    to_.sll_family = AF_PACKET;
    to_.sll_protocol = htons(v6 ? 0x86dd : 0x0800);
    to_.sll_halen = 6;
    const std::string mac = read_file("/sys/class/net/kudp-s/address");
    for (int i = 0; i < 6; ++i) to_.sll_addr[i] = std::stoi(mac.substr(3 * i, 2), nullptr, 16);
    fd_ = socket_in(Where::kClient, AF_PACKET, SOCK_DGRAM);
  }

  // Frames are for that station from now on.
  void address(const std::string& station) {
    std::copy_n(station.begin(), to_.sll_halen, to_.sll_addr);
  }

  void send(const std::string& from, int from_port, const std::string& to, int to_port) const {
    const std::string data = payload(64);
    udphdr udp{};
    udp.source = htons(from_port);
    udp.dest = htons(to_port);
    udp.len = htons(sizeof udp + data.size());
    std::string header = v6_ ? ipv6(from, to, ntohs(udp.len)) : ipv4(from, to, ntohs(udp.len));
    // IPv6 wants the checksum; IPv4 can do without.
    if (v6_) udp.check = checksum(header.substr(8), udp, data);
    std::string frame = header + std::string(reinterpret_cast<char*>(&udp), sizeof udp) + data;
    ASSERT_EQ(sendto(fd_.get(), frame.data(), frame.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to_), sizeof to_),
              static_cast<ssize_t>(frame.size()));
  }

 private:
  static std::uint16_t sum(std::string bytes) {
    if (bytes.size() % 2) bytes += '\0';
    std::uint32_t total = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
      std::uint16_t word;
      memcpy(&word, bytes.data() + i, 2);
      total += word;
    }
    while (total >> 16) total = (total & 0xffff) + (total >> 16);
    return ~total;
  }

  static std::uint16_t checksum(const std::string& addresses, const udphdr& udp,
                                const std::string& data) {
    const std::uint16_t tail[2]{udp.len, htons(IPPROTO_UDP)};
    return sum(addresses + std::string(reinterpret_cast<const char*>(tail), sizeof tail) +
               std::string(reinterpret_cast<const char*>(&udp), sizeof udp) + data);
  }

  static std::string ipv4(const std::string& from, const std::string& to, int length) {
    iphdr ip{};
    ip.version = 4;
    ip.ihl = 5;
    ip.tot_len = htons(sizeof ip + length);
    ip.ttl = 255;
    ip.protocol = IPPROTO_UDP;
    ip.saddr = inet_addr(from.c_str());
    ip.daddr = inet_addr(to.c_str());
    std::string header(reinterpret_cast<char*>(&ip), sizeof ip);
    ip.check = sum(header);
    return {reinterpret_cast<char*>(&ip), sizeof ip};
  }

  static std::string ipv6(const std::string& from, const std::string& to, int length) {
    ip6_hdr ip{};
    ip.ip6_vfc = 6 << 4;
    ip.ip6_plen = htons(length);
    ip.ip6_nxt = IPPROTO_UDP;
    ip.ip6_hlim = 255;
    inet_pton(AF_INET6, from.c_str(), &ip.ip6_src);
    inet_pton(AF_INET6, to.c_str(), &ip.ip6_dst);
    return {reinterpret_cast<char*>(&ip), sizeof ip};
  }

  bool v6_;
  sockaddr_ll to_{};
  Fd fd_;
};

// Sources that no answer can reach, or should. What the kernel itself refuses never gets here.
TEST_P(Guard, ForgedSources) {
  const Responder responder("r", settings());
  const Forger forger(v6());
  forger.send(client(), 40000, server(), kPort);
  ASSERT_EQ(responder.settled(1)["answered"], 1u) << "the forger's frames are good";
  for (const std::string& from :
       v6() ? std::vector<std::string>{"::", "ff02::1", "::1", server()}
            : std::vector<std::string>{"0.0.0.0", "224.0.0.1", "255.255.255.255", "127.0.0.1",
                                       server()})
    forger.send(from, 40000, server(), kPort);
  forger.send(v6() ? client() : "198.18.1.255", v6() ? 0 : 40000, server(), kPort);
  forger.send(client(), 0, server(), kPort);
  forger.send(client(), 40000, server(), kPort);
  const Counters counters = responder.settled(v6() ? 5 : 4);
  EXPECT_EQ(counters.at("source_port"), v6() ? 2u : 1u);
  EXPECT_TRUE(adds_up(counters));
  // What docs/security.md says gets by: an own address, which IPv6 takes from the network, and the
  // subnet's broadcast address, where nobody looks up the way back; the former with classic, too.
  const bool one_gets_by = way() == "softirq_link" || (v6() && way() == "classic");
  EXPECT_EQ(counters.at("answered"), one_gets_by ? 3u : 2u);
}

// What is for this host alone, in a frame that is for others, too.
TEST_P(Guard, FramesForAGroupOfStations) {
  const Responder responder("r", settings());
  Forger forger(v6());
  forger.send(client(), 40000, server(), kPort);
  ASSERT_EQ(responder.settled(1)["answered"], 1u) << "the forger's frames are good";
  const Trace trace;
  for (const std::string& stations : {std::string(6, '\xff'), std::string("\x01\0\x5e\0\0\1", 6)}) {
    forger.address(stations);
    forger.send(client(), 40000, server(), kPort);
  }
  const Counters counters = responder.settled(3);
  EXPECT_EQ(counters.at("not_unicast"), 2u);
  EXPECT_EQ(counters.at("received"), 3u);
  EXPECT_TRUE(trace.has("kudp_receive:", 2));
  EXPECT_EQ(trace.refusals(), std::vector<std::string>(2, "not_unicast"));
}

std::uint64_t sum_of(const Responder& one, const Responder& two, const char* counter) {
  return one.stats()[counter] + two.stats()[counter];
}

// Two hosts with a responder each, and one forged datagram that sets them on each other.
TEST_P(Guard, RespondersSetOnEachOtherFallSilent) {
  for (const int peer_port : {kPort, 9001, 7}) {
    for (const bool hops_alone : {false, true}) {
      Responder::Settings rules;
      if (hops_alone) rules = {{"guard_low_port", "0"}, {"guard_responder_port", "0"}};
      const Responder one("one", settings(rules));
      Responder::Settings other = settings(rules, peer_port, client());
      other.pop_back();
      Responder two("two", other);
      int error = -1;
      std::thread([&] {
        enter(Where::kClient);
        error = two.set("enabled", "1");
      }).join();
      ASSERT_EQ(error, 0);

      Forger(v6()).send(client(), peer_port, server(), kPort);
      const auto both = [&](const char* counter) { return sum_of(one, two, counter); };
      EXPECT_TRUE(eventually([&] {
        return both(hops_alone ? "hop_limit" : peer_port == 7 ? "low_port" : "responder_port") == 1;
      })) << peer_port;
      EXPECT_TRUE(eventually([&] { return both("received") == both("answered") + 1; }))
          << "still going on";
      EXPECT_EQ(both("answered"), hops_alone ? 64u : 0u) << peer_port;
    }
  }
}

// The same over reply_to, whose answers come from a port of nobody's: what ends it are hops alone.
TEST(GuardOfReplyTo, HostsThatAnswerEachOtherFallSilent) {
  const std::pair<std::string, std::string> families[] = {{kServer4, kClient4},
                                                          {kServer6, kClient6}};
  for (const auto& [server, client] : families) {
    const auto settings = [](const std::string& own, const std::string& other) {
      return Responder::Settings{{"engine", "classic"},
                                 {"address", own},
                                 {"port", std::to_string(kPort)},
                                 {"reply_to", at(other, kPort)}};
    };
    Responder one("one", settings(server, client)), two("two", settings(client, server));
    ASSERT_EQ(one.set("enabled", "1"), 0);
    in_namespace("kudp-client", [&] { ASSERT_EQ(two.set("enabled", "1"), 0); });
    Client(Where::kClient, at(server, kPort)).send("x");
    const auto both = [&](const char* counter) { return sum_of(one, two, counter); };
    EXPECT_TRUE(eventually([&] { return both("hop_limit") == 1; }));
    EXPECT_TRUE(eventually([&] { return both("received") == both("answered") + 1; }))
        << "still going on";
    EXPECT_EQ(both("answered"), 63u);
  }
}

}  // namespace
}  // namespace kudp::guest
