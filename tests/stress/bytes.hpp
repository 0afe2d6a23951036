// SPDX-License-Identifier: GPL-2.0-only
// Reading frames, which may end anywhere.
#pragma once

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace kudp::stress {

inline std::uint8_t byte_at(const std::string& bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

inline unsigned number16_at(const std::string& bytes, std::size_t at) {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

// Of IPv6, that may stand before UDP.
inline bool is_extension_header(std::uint8_t protocol) {
  return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
         protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_FRAGMENT;
}

// What an Ethernet frame carries behind its VLAN tags, and where that begins.
struct Cargo {
  unsigned type = 0;  // 0: the frame ends before it says
  std::size_t at = 0;
  bool short_tag = false;  // a VLAN tag that the frame ends in
};
inline Cargo cargo_of(const std::string& frame) {
  constexpr std::size_t kTag = 4;
  Cargo cargo{0, ETH_HLEN, false};
  while (frame.size() >= cargo.at) {
    cargo.type = number16_at(frame, cargo.at - 2);
    if (cargo.type != ETH_P_8021Q && cargo.type != ETH_P_8021AD) return cargo;
    cargo.at += kTag;
    cargo.short_tag |= frame.size() < cargo.at + 2;  // as skb_vlan_untag() wants
  }
  cargo.type = 0;
  return cargo;
}

}  // namespace kudp::stress
