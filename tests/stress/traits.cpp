// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/traits.hpp"

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdint>

#include "tests/stress/bytes.hpp"

namespace kudp::stress {
namespace {

void traits_of_ipv4(const std::string& bytes, std::size_t at, Traits& traits) {
  traits.no_header = bytes.size() < at + sizeof(iphdr) || byte_at(bytes, at) >> 4 != 4 ||
                     (byte_at(bytes, at) & 15) < 5;
  if (bytes.size() < at + sizeof(iphdr)) return;
  const std::size_t end = std::min(bytes.size(), at + 4 * (byte_at(bytes, at) & 15));
  traits.multicast4 = byte_at(bytes, at + 16) >> 4 == 14;
  // Whatever the subnet, ones are its last bits; and 0.0.0.0 to 0.0.0.0 is broadcast, too.
  traits.from_all = (byte_at(bytes, at + 15) & 3) == 3;
  traits.to_several = traits.multicast4 || (byte_at(bytes, at + 19) & 3) == 3 ||
                      bytes.substr(at + 16, 4) == std::string(4, '\0');
  traits.other_protocol = byte_at(bytes, at + 9) != IPPROTO_UDP;
  for (std::size_t i = at + sizeof(iphdr); i < end; ++i)
    if (byte_at(bytes, i) == 131 || byte_at(bytes, i) == 137) traits.source_route4 = true;
}

void traits_of_ipv6(const std::string& bytes, std::size_t at, Traits& traits) {
  traits.no_header = bytes.size() < at + sizeof(ipv6hdr) || byte_at(bytes, at) >> 4 != 6;
  if (bytes.size() < at + sizeof(ipv6hdr)) return;
  std::uint8_t header = byte_at(bytes, at + 6);
  traits.multicast6 = traits.to_several = byte_at(bytes, at + 24) == 0xff;
  for (at += sizeof(ipv6hdr); is_extension_header(header) && bytes.size() >= at + 8;) {
    traits.fragment6 |= header == IPPROTO_FRAGMENT;
    const std::uint8_t type = byte_at(bytes, at + 2);
    traits.segment_routing6 |= header == IPPROTO_ROUTING && (type == 3 || type == 4);
    const bool fixed = header == IPPROTO_FRAGMENT;
    header = byte_at(bytes, at);
    at += fixed ? 8 : 8 * (byte_at(bytes, at + 1) + 1);
  }
  traits.fragment6 |= header == IPPROTO_FRAGMENT;  // also one that the packet ends in
  traits.other_protocol = header != IPPROTO_UDP;
}

}  // namespace

Traits traits_of(const std::string& bytes, const std::string& mac) {
  Traits traits;
  const Cargo cargo = cargo_of(bytes);
  traits.short_tag = cargo.short_tag;
  traits.astray = !bytes.starts_with(mac) || cargo.at != ETH_HLEN;
  if (cargo.type == ETH_P_IP) traits_of_ipv4(bytes, cargo.at, traits);
  if (cargo.type == ETH_P_IPV6) traits_of_ipv6(bytes, cargo.at, traits);
  return traits;
}

}  // namespace kudp::stress
