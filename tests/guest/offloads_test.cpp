// SPDX-License-Identifier: GPL-2.0-only
// Super-packets with each offload of either end of the veth pair switched off in turn. Who checks
// is the client's own stack, whose device claims no checksum to be right (rx off).
#include <gtest/gtest.h>
#include <netinet/udp.h>

#include <sstream>
#include <tuple>

#include "tests/guest/features.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

constexpr int kPort = 9000;
constexpr int kSegment = 100, kSegments = 17;
constexpr int kSuperPackets = 4;

// Of the client's namespace, over IPv4 and IPv6, such as "Udp" and "InCsumErrors".
std::uint64_t client_count(const std::string& protocol, const std::string& counter) {
  const std::string file = "/run/kudp-count";
  run("ip netns exec kudp-client nstat -asz " + protocol + counter + " " + protocol + "6" +
      counter + " | sed -n 's/^" + protocol + "6*" + counter + " *\\([0-9]*\\).*/\\1/p' >" + file);
  std::istringstream numbers(read_file(file));
  std::uint64_t sum = 0, number = 0;
  int found = 0;
  for (; numbers >> number; ++found) sum += number;
  EXPECT_EQ(found, 2);
  return sum;
}

class Offloads : public testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  std::string server() const { return std::get<1>(GetParam()) == 6 ? kServer6 : kServer4; }
  Responder::Settings settings() const {
    const std::string way = std::get<0>(GetParam());
    return {{"engine", way.substr(0, way.find('_'))},
            {"address", server()},
            {"port", std::to_string(kPort)},
            {"gro", way.ends_with("_gro") ? "1" : "0"},
            {"enabled", "1"}};
  }

  void expect_super_packets_answered() {
    Client client(Where::kClient, at(server(), kPort));
    ASSERT_EQ(setsockopt(client.fd(), SOL_UDP, UDP_SEGMENT, &kSegment, sizeof kSegment), 0);
    for (int i = 0; i < kSuperPackets; ++i) {
      // The last segment is a short one, and of an odd length.
      const std::string burst = payload((kSegments - 1) * kSegment + 7, i);
      client.send(burst);
      std::string answer;
      for (int segment = 0; segment < kSegments; ++segment) {
        Client::Reply reply;
        ASSERT_TRUE(client.receive(reply)) << "segment " << segment;
        EXPECT_EQ(reply.from, client.target().str());
        answer += reply.payload;
      }
      EXPECT_TRUE(answer == burst) << "super-packet " << i;
      requests_ += kSegments;
    }
  }

  // What a device is to complete on a veth is left to the receiver, who need not look. Without,
  // what the module wrote is what the client adds up. So both.
  void expect_answered_and_summed() {
    ASSERT_NO_FATAL_FAILURE(expect_super_packets_answered());
    const Switched complete(here_, kTransmitChecksums, false);
    ASSERT_NO_FATAL_FAILURE(expect_super_packets_answered());
  }

  const Device here_{Where::kHere}, client_{Where::kClient};
  std::uint64_t requests_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, Offloads,
                         testing::Combine(testing::Values("kthread", "kthread_gro", "softirq",
                                                          "softirq_gro"),
                                          testing::Values(4, 6)),
                         [](const testing::TestParamInfo<std::tuple<const char*, int>>& test) {
                           return std::string(std::get<0>(test.param)) + "_ipv" +
                                  std::to_string(std::get<1>(test.param));
                         });

TEST_P(Offloads, SuperPacketsWithEachSwitchedOff) {
  const struct {
    Feature feature;
    bool on;
  } switches[] = {{kTransmitChecksums, false},
                  {kReceiveChecksums, false},
                  {kScatterGather, false},
                  {kTcpSegmentation, false},
                  {kSegmentation, false},
                  {kReceive, false},
                  {kReceive, true}};
  const Switched unchecked(client_, kReceiveChecksums, false);
  const auto errors = client_count("Udp", "InCsumErrors");
  const Responder responder("r", settings());
  for (const auto& [feature, on] : switches)
    for (const Device* const device : {&here_, &client_}) {
      // Linux 6.1 refuses UDP_SEGMENT (EIO) on a device that does not complete checksums.
      if (device == &client_ && feature.set == kTransmitChecksums.set) continue;
      SCOPED_TRACE(std::string(device->name()) + ": " + feature.name + (on ? " on" : " off"));
      const Switched switched(*device, feature, on);
      ASSERT_NO_FATAL_FAILURE(expect_answered_and_summed());
    }
  // The ioctl has no number for this one.
  for (const std::string ethtool : {"ethtool -K kudp-s tx-udp-segmentation ",
                                    "ip netns exec kudp-client ethtool -K kudp-c "
                                    "tx-udp-segmentation "}) {
    SCOPED_TRACE(ethtool + "off");
    run(ethtool + "off");
    expect_answered_and_summed();
    run(ethtool + "on");
  }
  EXPECT_EQ(responder.settled(requests_)["answered"], requests_);
  EXPECT_EQ(client_count("Udp", "InCsumErrors"), errors);
}

// A VXLAN device of the client, whose other end is the responder.
class Tunnel {
 public:
  explicit Tunnel(const std::string& remote) {
    client("link add kudp-x type vxlan id 7 remote " + remote + " dev kudp-c dstport " +
           std::to_string(kPort));
    client("link set kudp-x addrgenmode none");
    client("address add 198.18.3.1/24 dev kudp-x");
    client("link set kudp-x up");
    client("neighbour add 198.18.3.2 lladdr 02:00:00:00:00:02 dev kudp-x");
  }
  ~Tunnel() { client("link delete kudp-x"); }
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

 private:
  static void client(const std::string& arguments) { run("ip -n kudp-client " + arguments); }
};

// What goes through a tunnel in one is to the tunnel's end one datagram, with whatever offloads
// were meant for what is in it: the answer comes in fragments. Without gro UDP cuts it up before.
TEST_P(Offloads, ATunnelsSuperPacketIsOneDatagram) {
  if (std::system("modprobe -q vxlan")) GTEST_SKIP() << "this kernel has no VXLAN";
  const Responder responder("r", settings());
  const Tunnel tunnel(server());
  const auto reassembled = client_count("Ip", "ReasmOKs");
  Client client(Where::kClient, "198.18.3.2:5000");
  ASSERT_EQ(setsockopt(client.fd(), SOL_UDP, UDP_SEGMENT, &kSegment, sizeof kSegment), 0);
  for (int i = 0; i < kSuperPackets; ++i) client.send(payload(kSegments * kSegment, i));
  const bool whole = std::string(std::get<0>(GetParam())).ends_with("_gro");
  const std::uint64_t datagrams = whole ? kSuperPackets : kSuperPackets * kSegments;
  const Counters counters = responder.settled(datagrams);
  EXPECT_EQ(counters.at("received"), datagrams);
  EXPECT_EQ(counters.at("answered"), datagrams);
  if (!whole) return;
  EXPECT_TRUE(
      eventually([&] { return client_count("Ip", "ReasmOKs") == reassembled + kSuperPackets; }));
}

}  // namespace
}  // namespace kudp::guest
