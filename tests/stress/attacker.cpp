// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/attacker.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "tests/guest/network.hpp"
#include "tests/guest/system.hpp"
#include "tests/stress/traits.hpp"

namespace kudp::stress {
namespace {

using guest::in_namespace;
using guest::run;

// What IPv6 forgets where a device's MTU is below 1280.
const std::string kRestoreIpv6 =
    "address replace fd00:6b75:6470:5::1/124 dev kudp-t nodad\n"
    "neighbour replace fd00:6b75:6470:5::9 lladdr 02:00:00:00:00:09 dev kudp-t\n"
    "route replace ::/0 via fd00:6b75:6470:5::9 dev kudp-t\n";

// Few programs: on a debug kernel each takes its time to start.
void ip_in_target(const std::string& commands) {
  run("ip -n kudp-target -batch - <<'TEXT'\n" + commands + "TEXT");
}

}  // namespace

void set_mtu(unsigned mtu) {
  ip_in_target("link set kudp-t mtu " + std::to_string(mtu) + "\n" +
               (mtu >= 1280 ? kRestoreIpv6 : ""));
}

World::World() {
  for (const std::string name : {kOutside, kTarget}) {
    run("ip netns add " + name);
    // Whatever is sent without being asked for would be in the books.
    run("ip netns exec " + name +
        " sysctl -qw net.ipv6.conf.default.addr_gen_mode=1 net.ipv6.conf.default.accept_ra=0 "
        "net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.router_solicitations=0 "
        "net.ipv6.conf.default.autoconf=0 net.ipv4.ipfrag_time=1 net.ipv6.ip6frag_time=1 "
        "net.ipv4.icmp_ratelimit=0");
  }
  run("ip netns exec kudp-outside sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
  run("ip link add kudp-o netns kudp-outside type veth peer name kudp-t address "
      "02:00:00:00:00:01 "
      "netns kudp-target");
  run("ip -n kudp-outside link set kudp-o mtu 65535 up");
  // Not the outside device's own address, so that its namespace takes no interest in answers.
  ip_in_target(
      "link set lo up\n"
      "link set kudp-t up\n"
      "address add 198.18.5.1/28 dev kudp-t\n"
      "neighbour add 198.18.5.9 lladdr 02:00:00:00:00:09 dev kudp-t\n"
      "route add default via 198.18.5.9 dev kudp-t\n" +
      kRestoreIpv6);
  // That a neighbour does not answer shows at once, not after seconds.
  run("ip netns exec kudp-target sysctl -qw net.ipv4.neigh.kudp-t.retrans_time_ms=20 "
      "net.ipv6.neigh.kudp-t.retrans_time_ms=20");
}

World::~World() {
  run("ip netns delete kudp-outside");
  run("ip netns delete kudp-target");
}

Attacker::Attacker() : counters_(kOutside, {kOutDevice}) {
  in_namespace(kOutside, [&] {
    to_.sll_family = AF_PACKET;
    to_.sll_ifindex = if_nametoindex(kOutDevice);
    for (Fd* const fd : {&plain_, &offloading_}) *fd = Fd(socket(AF_PACKET, SOCK_RAW, 0));
  });
  const int on = 1;
  if (setsockopt(offloading_.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on))
    throw std::system_error(errno, std::generic_category(), "PACKET_VNET_HDR");
}

void Attacker::send(const Frame& frame) {
  if (frame.is_super_packet()) return send_super_packet(frame);
  switch (hand_over(frame)) {
    case 0:
      break;
    case ENOBUFS:
      ++sent_.not_forwarded;
      break;
    case ENOMEM:
      ++sent_.not_cut;
      break;
    default:
      ++sent_.refused;
      return;
  }
  ++sent_.frames;
  sent_.add(traits_of(frame.bytes));
}

int Attacker::hand_over(const Frame& frame) const {
  std::string bytes = frame.bytes;
  if (frame.offload)
    bytes.insert(0, reinterpret_cast<const char*>(&*frame.offload), sizeof *frame.offload);
  return sendto((frame.offload ? offloading_ : plain_).get(), bytes.data(), bytes.size(), 0,
                reinterpret_cast<const sockaddr*>(&to_), sizeof to_) < 0
             ? errno
             : 0;
}

// It goes whole, is cut up here, or dropped; how often which, the device says.
void Attacker::send_super_packet(const Frame& frame) {
  const Counters before = counters_.read_device(kOutDevice);
  const int error = hand_over(frame);
  if (error && error != ENOBUFS && error != ENOMEM) {
    ++sent_.refused;
    return;
  }
  Counters grown = growth(before, counters_.read_device(kOutDevice));
  const auto passed = grown[std::string(kOutDevice) + ".tx_packets"];
  const auto dropped = grown[std::string(kOutDevice) + ".tx_dropped"];
  EXPECT_GE(passed + dropped, 1u) << "a super-packet vanished on its way out";
  ++sent_.frames;
  sent_.cut += passed + dropped - 1;
  (error == ENOMEM ? sent_.not_cut : sent_.not_forwarded) += dropped;
  ++sent_.super_packets;
  Traits traits = traits_of(frame.bytes);
  traits.fragment6 |= passed + dropped > 1;  // what became of it may be fragments
  const auto datagrams = frame.bytes.size() / std::max<unsigned>(1, frame.offload->segment) + 1;
  for (auto n = passed; n > 0; --n) sent_.add(traits, n == 1 ? datagrams : 1);
}

}  // namespace kudp::stress
