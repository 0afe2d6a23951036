// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/target.hpp"

#include <arpa/inet.h>

namespace kudp::stress {
namespace {

// What IPv6 forgets where a device's MTU is below 1280.
const std::string kRestoreIpv6 =
    "address replace fd00:6b75:6470:5::1/124 dev kudp-t nodad\n"
    "neighbour replace fd00:6b75:6470:5::9 lladdr 02:00:00:00:00:09 dev kudp-t\n"
    "route replace ::/0 via fd00:6b75:6470:5::9 dev kudp-t\n";

// Few programs: on a debug kernel each takes its time to start.
void ip_in_target(const std::string& commands, const Run& run) {
  run("ip -n kudp-target -batch - <<'TEXT'\n" + commands + "TEXT");
}

std::string bytes_of(int family, const char* text) {
  std::string bytes(family == AF_INET6 ? 16 : 4, '\0');
  inet_pton(family, text, bytes.data());
  return bytes;
}

}  // namespace

void make_silent_namespace(const std::string& name, const Run& run) {
  run("ip netns add " + name);
  run("ip netns exec " + name +
      " sysctl -qw net.ipv6.conf.default.addr_gen_mode=1 net.ipv6.conf.default.accept_ra=0 "
      "net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.router_solicitations=0 "
      "net.ipv6.conf.default.autoconf=0 net.ipv4.ipfrag_time=1 net.ipv6.ip6frag_time=1 "
      "net.ipv4.icmp_ratelimit=0");
}

void set_up_target(const Run& run) {
  ip_in_target(
      "link set lo up\n"
      "link set kudp-t up\n"
      "address add 198.18.5.1/28 dev kudp-t\n"
      "neighbour add 198.18.5.9 lladdr 02:00:00:00:00:09 dev kudp-t\n"
      "route add default via 198.18.5.9 dev kudp-t\n" +
          kRestoreIpv6,
      run);
  // That a neighbour does not answer shows at once, not after seconds.
  run("ip netns exec kudp-target sysctl -qw net.ipv4.neigh.kudp-t.retrans_time_ms=20 "
      "net.ipv6.neigh.kudp-t.retrans_time_ms=20");
}

void set_mtu(unsigned mtu, const Run& run) {
  ip_in_target(
      "link set kudp-t mtu " + std::to_string(mtu) + "\n" + (mtu >= 1280 ? kRestoreIpv6 : ""), run);
}

Target target_at(const std::string& mac) {
  return {mac,
          bytes_of(AF_INET, "198.18.5.1"),
          bytes_of(AF_INET, "198.18.5.9"),
          bytes_of(AF_INET6, "fd00:6b75:6470:5::1"),
          bytes_of(AF_INET6, "fd00:6b75:6470:5::9"),
          kPort,
          9001,
          1500};
}

guest::Responder::Settings settings_of(const Variant& variant) {
  guest::Responder::Settings all = variant.settings;
  all.insert(all.end(), {{"address", "::"}, {"port", std::to_string(kPort)}});
  return all;
}

}  // namespace kudp::stress
