// SPDX-License-Identifier: GPL-2.0-only
//
// Datagrams as whole Ethernet frames: sent, or answered in place.
#pragma once

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace kudp {

// The length of the headers of a frame, Ethernet's to UDP's, if it is one whole UDP datagram over
// IPv4 or IPv6 without options; else 0. Reads no byte beyond the frame.
std::size_t udp_headers(std::span<const std::byte> frame);

// A frame that udp_headers() or match.bpf.h has looked at: UDP over IPv4 or IPv6 without
// options.
class Frame {
 public:
  // A frame begins so much after a multiple of 4, for its IP header to be aligned.
  static constexpr std::size_t kAlign = 2;

  explicit Frame(char* data)
      : eth_(reinterpret_cast<ethhdr*>(data)), ipv6_(eth_->h_proto == htons(ETH_P_IPV6)) {}

  std::size_t payload_bytes() const { return ntohs(udp()->len) - sizeof(udphdr); }
  char* payload() { return reinterpret_cast<char*>(udp() + 1); }
  __be16 source_port() const { return udp()->source; }

  // Makes the checksum that of the payload that is there.
  void seal();

  // Makes it the echo of itself.
  void turn_round();

  // Puts a text in place of the payload; `sum` is sum_of(text).
  void replace(std::string_view text, unsigned sum);

  // Its length: Ethernet's padding is dropped, the device pads anew.
  std::size_t bytes() const { return headers() + ntohs(udp()->len); }

  static constexpr std::size_t kHeaders4 = sizeof(ethhdr) + sizeof(iphdr) + sizeof(udphdr);
  static constexpr std::size_t kHeaders6 = sizeof(ethhdr) + sizeof(ipv6hdr) + sizeof(udphdr);

 private:
  iphdr* ip4() const { return reinterpret_cast<iphdr*>(eth_ + 1); }
  ipv6hdr* ip6() const { return reinterpret_cast<ipv6hdr*>(eth_ + 1); }
  std::size_t headers() const { return sizeof(ethhdr) + (ipv6_ ? sizeof(ipv6hdr) : sizeof(iphdr)); }
  udphdr* udp() const {
    return reinterpret_cast<udphdr*>(reinterpret_cast<char*>(eth_) + headers());
  }
  unsigned pseudo_header() const;
  void complete_checksum();

  ethhdr* eth_;
  bool ipv6_;
};

// The one's complement sum, folded to 16 bits, of bytes that begin at an even place.
unsigned sum_of(std::string_view bytes);

}  // namespace kudp
