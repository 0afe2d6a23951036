// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/frame.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

namespace kudp {
namespace {

unsigned fold(std::uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<unsigned>(sum);
}

// What goes into the header: 0 there would mean that there is no checksum.
std::uint16_t checksum(unsigned sum) {
  const auto check = static_cast<std::uint16_t>(~sum);
  return check ? check : 0xffff;
}

template <typename Word>
Word load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Of an IP header at `at`, together with UDP's; else 0.
std::size_t ip_and_udp(const char* at, std::size_t bytes, std::uint16_t protocol) {
  std::size_t header = 0, payload = 0;
  if (protocol == htons(ETH_P_IP) && bytes >= sizeof(iphdr)) {
    const auto ip = load<iphdr>(at);
    constexpr std::uint16_t kFragment = 0x3fff;  // more fragments, or an offset
    if (ip.version != 4 || ip.ihl != 5 || ip.protocol != IPPROTO_UDP ||
        ntohs(ip.frag_off) & kFragment || ntohs(ip.tot_len) < sizeof ip)
      return 0;
    header = sizeof ip;
    payload = ntohs(ip.tot_len) - sizeof ip;
  } else if (protocol == htons(ETH_P_IPV6) && bytes >= sizeof(ipv6hdr)) {
    const auto ip = load<ipv6hdr>(at);
    if (ip.version != 6 || ip.nexthdr != IPPROTO_UDP) return 0;
    header = sizeof ip;
    payload = ntohs(ip.payload_len);
  }
  if (header == 0 || payload < sizeof(udphdr) || payload > bytes - header) return 0;
  return ntohs(load<udphdr>(at + header).len) == payload ? header + sizeof(udphdr) : 0;
}

}  // namespace

std::size_t udp_headers(std::span<const std::byte> frame) {
  if (frame.size() < sizeof(ethhdr)) return 0;
  const char* const at = reinterpret_cast<const char*>(frame.data());
  const auto rest =
      ip_and_udp(at + sizeof(ethhdr), frame.size() - sizeof(ethhdr), load<ethhdr>(at).h_proto);
  return rest ? sizeof(ethhdr) + rest : 0;
}

unsigned sum_of(std::string_view bytes) {
  std::uint64_t sum = 0;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 4; at += 4, left -= 4) sum += load<std::uint32_t>(at);
  if (left >= 2) {
    sum += load<std::uint16_t>(at);
    at += 2, left -= 2;
  }
  if (left) sum += static_cast<unsigned char>(*at);  // as if a zero followed (little endian)
  return fold(sum);
}

unsigned Frame::pseudo_header() const {
  const char* const addresses = ipv6_ ? reinterpret_cast<const char*>(&ip6()->saddr)
                                      : reinterpret_cast<const char*>(&ip4()->saddr);
  const std::size_t bytes = ipv6_ ? 32 : 8;
  std::uint64_t sum = htons(IPPROTO_UDP) + static_cast<std::uint64_t>(udp()->len);
  for (std::size_t i = 0; i < bytes; i += 4) sum += load<std::uint32_t>(addresses + i);
  return fold(sum);
}

// A datagram that never was on a wire (a local veth peer's) may have but the sum of its pseudo
// header where the checksum should be, for a device to complete; the device that takes it from an
// AF_XDP socket does not know. Where that sum is there by chance, completing leaves it right.
void Frame::complete_checksum() {
  udphdr& header = *udp();
  if (header.check != pseudo_header()) return;
  header.check = checksum(sum_of({reinterpret_cast<const char*>(&header), ntohs(header.len)}));
}

void Frame::seal() {
  udp()->check = static_cast<std::uint16_t>(pseudo_header());
  complete_checksum();
}

void Frame::turn_round() {
  complete_checksum();
  std::swap(eth_->h_source, eth_->h_dest);
  if (ipv6_)
    std::swap(ip6()->saddr, ip6()->daddr);
  else
    std::swap(ip4()->saddr, ip4()->daddr);
  std::swap(udp()->source, udp()->dest);
}

void Frame::replace(std::string_view text, unsigned sum) {
  udphdr& header = *udp();
  std::memcpy(&header + 1, text.data(), text.size());
  header.len = htons(static_cast<std::uint16_t>(sizeof header + text.size()));
  if (ipv6_) {
    ip6()->payload_len = header.len;
  } else {
    iphdr& ip = *ip4();
    ip.tot_len = htons(static_cast<std::uint16_t>(sizeof ip + sizeof header + text.size()));
    ip.check = 0;
    ip.check = static_cast<std::uint16_t>(~sum_of({reinterpret_cast<const char*>(&ip), sizeof ip}));
  }
  // The ports and the length again: in the pseudo header the length counts, too.
  header.check = checksum(
      fold(std::uint64_t{pseudo_header()} + header.source + header.dest + header.len + sum));
}

}  // namespace kudp
