// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/ledger.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <thread>
#include <utility>

namespace kudp::stress {
namespace {

using Names = std::initializer_list<const char*>;

void put(std::vector<std::pair<std::string, std::uint64_t>>& side, const Counters& counters,
         Names names, const std::string& prefix = "") {
  for (const std::string name : names) side.emplace_back(prefix + name, counters.at(prefix + name));
}

std::uint64_t sum(const std::vector<std::pair<std::string, std::uint64_t>>& side) {
  std::uint64_t total = 0;
  for (const auto& [name, value] : side) total += value;
  return total;
}

// What a device drops before or behind the other end of its veth pair, it counts in one.
Level wire(const Sent& sent, const Counters& outside, const std::string& device) {
  Level level{"wire", {{"sent", sent.frames}, {"cut", sent.cut}}, {}};
  put(level.out, outside, {".tx_packets", ".tx_dropped"}, device);
  return level;
}

// From device to device.
Level link(const Counters& outside, const std::string& out_device, const Counters& inside,
           const std::string& in_device) {
  Level level{"link", {}, {}};
  put(level.in, outside, {".tx_packets"}, out_device);
  put(level.out, inside, {".rx_packets"}, in_device);
  return level;
}

Level device(const Sent& sent, const Counters& inside, const std::string& name, Gro gro) {
  Level level{"device", {}, {}};
  put(level.in, inside, {"lo.rx_packets"});
  put(level.in, inside, {".rx_packets"}, name);
  if (gro == Gro::kNever) {
    put(level.out, inside, {"Ip.InReceives", "Ip6InReceives"});
  } else {
    // Of what GRO made one these count each, once the header was looked at.
    put(level.out, inside,
        {"IpExt.InNoECTPkts", "IpExt.InECT1Pkts", "IpExt.InECT0Pkts", "IpExt.InCEPkts",
         "Ip6InNoECTPkts", "Ip6InECT1Pkts", "Ip6InECT0Pkts", "Ip6InCEPkts"});
    // And what is not for this host counts once, however many GRO made one.
    level.uncounted += sent.no_header + sent.astray;
  }
  // The last two: what a card's driver refuses, as of a super-packet that cannot be.
  put(level.out, inside, {".rx_otherhost_dropped", ".rx_length_errors", ".rx_frame_errors"}, name);
  // Frames that are no IP. Those that are too long for it never were received.
  level.out.emplace_back("no handler", inside.at(name + ".rx_dropped") - sent.not_forwarded);
  level.uncounted += sent.short_tag;  // skb_vlan_untag()
  // icmp_send() to a broadcast address, of which ip_mc_output() lets this host have a copy.
  level.twice = sent.from_all;
  return level;
}

Level ipv4(const Sent& sent, const Counters& inside) {
  Level level{"IPv4", {}, {}};
  put(level.in, inside, {"Ip.InReceives", "Ip.ReasmOKs"});
  put(level.out, inside,
      {"Ip.InHdrErrors", "IpExt.InTruncatedPkts", "Ip.InDiscards", "Ip.InAddrErrors",
       "IpExt.InNoRoutes", "rt_cache.in_martian_src", "rt_cache.in_martian_dst",
       "Ip.InUnknownProtos", "Ip.ReasmReqds", "Ip.InDelivers"});
  // ip_route_input_rcu() for groups nobody here joined, ip_rcv_options() for source routes.
  level.uncounted = sent.multicast4 + sent.source_route4;
  return level;
}

Level ipv6(const Sent& sent, const Counters& inside) {
  Level level{"IPv6", {}, {}};
  put(level.in, inside, {"Ip6InReceives", "Ip6ReasmOKs"});
  put(level.out, inside,
      {"Ip6InHdrErrors", "Ip6InTruncatedPkts", "Ip6InDiscards", "Ip6InAddrErrors", "Ip6InNoRoutes",
       "Ip6InUnknownProtos", "Ip6ReasmReqds", "Ip6InDelivers"});
  // ip6_mc_input() for groups nobody here joined, ipv6_srh_rcv() and ipv6_rpl_srh_rcv().
  level.uncounted = sent.multicast6 + sent.segment_routing6;
  level.twice = sent.fragment6;  // ipv6_frag_rcv(): a fragment, and an error in its header
  return level;
}

// By how much GRO made fewer datagrams of what the device received, at most.
std::uint64_t merged(const Level& device, const Counters& inside) {
  std::uint64_t others = inside.at("Ip.InReceives") + inside.at("Ip6InReceives");
  for (const auto& [name, value] : device.out)
    if (!name.starts_with("Ip")) others += value;
  return sum(device.in) - others;
}

Level udp(const Sent& sent, const Counters& inside, std::uint64_t merged) {
  Level level{"UDP", {}, {}};
  put(level.in, inside, {"Ip.InDelivers", "Ip6InDelivers"});
  put(level.out, inside,
      {"Udp.InDatagrams", "Udp.InErrors", "Udp.NoPorts", "Udp.IgnoredMulti", "Udp6InDatagrams",
       "Udp6InErrors", "Udp6NoPorts", "Udp6IgnoredMulti"});
  // Not UDP, also what this host sends itself; udp_rcv_segment() where it cannot cut up.
  level.uncounted =
      sent.other_protocol + inside.at("lo.rx_packets") + sent.from_all + sent.super_packets;
  // Segments of super-packets, and what goes to several: each socket gets that.
  level.twice = sent.copies + merged;
  return level;
}

Level responder_level(const Sent& sent, const Counters& inside, const Counters& responder,
                      std::uint64_t merged) {
  Level level{"responder", {}, {{"received", responder.at("received")}}};
  put(level.in, inside, {"Udp.InDatagrams", "Udp6InDatagrams"});
  level.in.emplace_back("socket_drops", responder.at("socket_drops"));
  level.twice = sent.copies + merged;  // with gro=1 UDP counts a super-packet once
  return level;
}

Level outcome(const Counters& responder) {
  Level level{"outcome", {{"received", responder.at("received")}}, {}};
  for (const auto& [name, value] : responder)
    if (name != "received") level.out.emplace_back(name, value);
  return level;
}

}  // namespace

void Sent::add(const Traits& traits, std::uint64_t datagrams) {
  static const long sockets = sysconf(_SC_NPROCESSORS_CONF);  // of a responder: one for each CPU
  copies += datagrams * (traits.to_several ? sockets : 1) - 1;
  short_tag += traits.short_tag;
  multicast4 += traits.multicast4;
  source_route4 += traits.source_route4;
  multicast6 += traits.multicast6;
  segment_routing6 += traits.segment_routing6;
  fragment6 += traits.fragment6;
  other_protocol += traits.other_protocol;
  from_all += traits.from_all;
  no_header += traits.no_header;
  astray += traits.astray;
}

std::int64_t Level::rest() const {
  return static_cast<std::int64_t>(sum(in) - sum(out));
}

bool Level::balances() const {
  return rest() <= static_cast<std::int64_t>(uncounted) &&
         rest() >= -static_cast<std::int64_t>(twice);
}

std::string Level::text() const {
  std::string text = name + ":";
  for (const auto* side : {&in, &out}) {
    for (const auto& [counter, value] : *side)
      if (value) text += " " + counter + " " + std::to_string(value);
    if (side == &in) text += " =>";
  }
  text += "; rest " + std::to_string(rest());
  if (uncounted || twice)
    text += " of " + std::to_string(-static_cast<std::int64_t>(twice)) + " to " +
            std::to_string(uncounted);
  return text;
}

std::vector<Level> ledger(const Sent& sent, const Counters& outside, const std::string& out_device,
                          const Counters& inside, const std::string& in_device,
                          const Counters& responder, Gro gro) {
  const Level received = device(sent, inside, in_device, gro);
  const std::uint64_t fewer = gro == Gro::kNever ? 0 : merged(received, inside);
  return {wire(sent, outside, out_device),
          link(outside, out_device, inside, in_device),
          received,
          ipv4(sent, inside),
          ipv6(sent, inside),
          udp(sent, inside, fewer),
          responder_level(sent, inside, responder, fewer),
          outcome(responder)};
}

std::vector<Level> settled(const std::function<std::vector<Level>()>& books, int tries,
                           const std::function<bool(const Level&)>& done) {
  std::vector<Level> before, levels = books();
  for (int i = 0; i < tries; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    before = std::exchange(levels, books());
    if (std::ranges::all_of(levels, done) &&
        std::ranges::equal(levels, before, {}, &Level::text, &Level::text))
      break;
  }
  return levels;
}

Counters growth(const Counters& before, const Counters& after) {
  Counters grown;
  for (const auto& [name, value] : after) {
    const auto was = before.find(name);
    grown[name] = value - (was == before.end() ? 0 : was->second);
  }
  return grown;
}

std::string text_of(const Counters& grown) {
  std::string text;
  for (const auto& [name, value] : grown)
    if (value) text += " " + name + " " + std::to_string(value);
  return text;
}

}  // namespace kudp::stress
