// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/frame.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "loadgen/base/frame.hpp"

namespace kudp::stress {
namespace {

constexpr std::uint16_t kIpv4 = 0x0800, kArp = 0x0806, kVlan = 0x8100, kVlanOuter = 0x88a8;
constexpr std::uint16_t kIpv6 = 0x86dd;
constexpr std::size_t kEthernet = 14, kTag = 4, kIpv4Header = 20, kIpv6Header = 40, kUdp = 8;

std::string number16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string address(bool v6, const char* text) {
  std::string bytes(v6 ? 16 : 4, '\0');
  inet_pton(v6 ? AF_INET6 : AF_INET, text, bytes.data());
  return bytes;
}

void put_checksum(std::string& bytes, std::size_t at, std::uint16_t sum) {
  std::memcpy(bytes.data() + at, &sum, sizeof sum);
}

// As it is in a header, RFC 1071.
std::uint16_t checksum(std::string_view bytes) {
  return static_cast<std::uint16_t>(~sum_of(bytes));
}

// DF and no ID: RFC 6864. GRO would want IDs that count up.
void make_atomic(std::string& packet) {
  packet.replace(4, 4, std::string("\0\0\x40\0", 4));
  packet.replace(10, 2, 2, '\0');
  put_checksum(packet, 10, checksum(std::string_view(packet).substr(0, 4 * (packet[0] & 15))));
}

}  // namespace

std::string FrameMaker::noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t word = random_();
  std::size_t at = 0;
  for (; at + sizeof word <= size; at += sizeof word, word = random_())
    std::memcpy(bytes.data() + at, &word, sizeof word);
  std::memcpy(bytes.data() + at, &word, size - at);
  return bytes;
}

std::size_t FrameMaker::payload_size() {
  const std::size_t link = target_.mtu;
  switch (pick(8)) {
    case 0:
      return pick(4);
    case 1:
      return pick(1400);
    case 2:
      if (link > 9000 && !chance(20)) return pick(1400);  // the largest take their time
      return std::max<std::size_t>(link, 100) - kIpv4Header - kUdp - pick(60);
    default:
      return 16 + pick(200);
  }
}

// Good ones for the most part, else each that must not be answered.
std::string FrameMaker::source(bool v6) {
  static const char* const kBad4[] = {"0.0.0.0",   "255.255.255.255", "224.0.0.1",  "239.1.2.3",
                                      "127.0.0.1", "198.18.5.15",     "198.18.5.0", "240.0.0.1",
                                      "0.1.2.3",   "192.0.2.1",       "198.18.5.4", "198.18.5.3"};
  static const char* const kBad6[] = {"::",
                                      "::1",
                                      "ff02::1",
                                      "ff0e::1234",
                                      "fe80::1",
                                      "fec0::1",
                                      "::ffff:127.0.0.1",
                                      "::198.18.5.9",
                                      "64:ff9b::",
                                      "2001::1",
                                      "fd00:6b75:6470:5::77"};
  if (chance(70)) return v6 ? target_.neighbour6 : target_.neighbour4;
  if (chance(15)) return v6 ? target_.own6 : target_.own4;
  if (chance(10)) return noise(v6 ? 16 : 4);
  return v6 ? address(true, kBad6[pick(std::size(kBad6))])
            : address(false, kBad4[pick(std::size(kBad4))]);
}

std::string FrameMaker::destination(bool v6) {
  static const char* const kOther4[] = {"224.0.0.1", "255.255.255.255", "198.18.5.15",
                                        "127.0.0.1", "198.18.5.9",      "0.0.0.0"};
  static const char* const kOther6[] = {"ff02::1", "ff01::1", "ff00::1", "::1", "::", "fe80::2"};
  if (chance(88)) return v6 ? target_.own6 : target_.own4;
  if (chance(20)) return v6 ? address(true, "ff05::99") : address(false, "239.9.9.9");
  if (chance(10)) return noise(v6 ? 16 : 4);
  return v6 ? address(true, kOther6[pick(std::size(kOther6))])
            : address(false, kOther4[pick(std::size(kOther4))]);
}

std::string FrameMaker::ethernet(std::uint16_t type, const std::string& rest) const {
  return target_.mac + std::string("\x02\0\0\0\0\x09", 6) + number16(type) + rest;
}

std::string FrameMaker::plain_udp(bool v6, const std::string& from, const std::string& to,
                                  unsigned from_port, unsigned to_port, const std::string& data) {
  const unsigned length = kUdp + data.size();
  std::string packet =
      number16(from_port) + number16(to_port) + number16(length) + number16(0) + data;
  const std::string zeros = v6 ? number16(0) : "";
  const std::string pseudo = from + to + zeros + number16(length) + zeros + number16(IPPROTO_UDP);
  const std::uint16_t sum = checksum(pseudo + packet);
  put_checksum(packet, 6, sum ? sum : 0xffff);
  return packet;
}

// For the most part from a port that is answered.
std::string FrameMaker::udp(bool v6, const std::string& from, const std::string& to,
                            const std::string& data) {
  static constexpr unsigned kPorts[] = {0, 1, 7, 19, 53, 1023, 65535};
  const unsigned source = chance(80)   ? 20000 + pick(1000)
                          : chance(20) ? target_.port
                                       : kPorts[pick(std::size(kPorts))];
  return plain_udp(v6, from, to, source, chance(95) ? target_.port : target_.other_port, data);
}

std::string FrameMaker::ipv4(const std::string& from, const std::string& to,
                             const std::string& options, const std::string& rest,
                             std::uint16_t fragment) {
  const unsigned header = kIpv4Header + options.size();
  std::string packet = std::string{static_cast<char>(4 << 4 | header / 4), '\0'} +
                       number16(header + rest.size()) + noise(2) + number16(fragment) +
                       std::string{static_cast<char>(chance(90) ? 64 : pick(256)), IPPROTO_UDP} +
                       number16(0) + from + to + options;
  put_checksum(packet, 10, checksum(packet));
  return packet + rest;
}

std::string FrameMaker::ipv6(const std::string& from, const std::string& to,
                             std::uint8_t next_header, const std::string& rest) {
  return std::string("\x60\0\0\0", 4) + number16(rest.size()) +
         std::string{static_cast<char>(next_header),
                     static_cast<char>(chance(90) ? 64 : pick(256))} +
         from + to + rest;
}

std::string FrameMaker::request(const std::string& from, const std::string& to, unsigned from_port,
                                unsigned to_port, const std::string& data) {
  const bool v6 = from.size() == 16;
  const std::string datagram = plain_udp(v6, from, to, from_port, to_port, data);
  std::string packet = v6 ? ipv6(from, to, IPPROTO_UDP, datagram) : ipv4(from, to, "", datagram);
  packet[v6 ? 7 : 8] = 64;
  if (!v6) make_atomic(packet);
  return ethernet(v6 ? kIpv6 : kIpv4, packet);
}

// Whole words: known options, lengths that lie, noise.
std::string FrameMaker::options4() {
  static constexpr std::uint8_t kKinds[] = {0, 1, 7, 68, 130, 131, 134, 137, 148, 255};
  std::string options;
  while (options.size() < 40 && (options.empty() || chance(40))) {
    const std::uint8_t kind = chance(95) ? kKinds[pick(std::size(kKinds))] : pick(256);
    options += static_cast<char>(kind);
    if (kind <= 1) continue;
    const unsigned room = pick(12);
    options += static_cast<char>(chance(80) ? room + 2 : pick(256));
    options += chance(50) ? std::string("\4") + std::string(room, '\0') : noise(room);
  }
  options.resize(std::min<std::size_t>(40, (options.size() + 3) / 4 * 4));
  return options;
}

void FrameMaker::extension_headers(std::uint8_t& next_header, std::string& rest) {
  static constexpr std::uint8_t kHeaders[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS,
                                              IPPROTO_FRAGMENT, IPPROTO_NONE};
  for (unsigned n = 1 + pick(chance(95) ? 3 : 60); n > 0; --n) {
    const std::uint8_t header = kHeaders[pick(chance(97) ? 4 : 5)];
    const unsigned words = pick(4);
    std::string body;
    if (header == IPPROTO_ROUTING)
      body = std::string{static_cast<char>(pick(5)), static_cast<char>(chance(60) ? 0 : pick(9))} +
             noise(4 + 8 * words);
    else if (header == IPPROTO_FRAGMENT)
      body = chance(50) ? std::string(2, '\0') + noise(4) : noise(6);  // of its own, or one of many
    else if (chance(60))
      body = std::string{1, static_cast<char>(4 + 8 * words)} + std::string(4 + 8 * words, '\0');
    else
      body = noise(6 + 8 * words);
    rest =
        std::string{static_cast<char>(next_header), static_cast<char>(header == IPPROTO_FRAGMENT ? 0
                                                                      : chance(95) ? words
                                                                                   : pick(256))} +
        body + rest;
    next_header = header;
  }
}

namespace {

// Where fragments of `size` bytes begin and end, in units of 8: complete for the most part, with
// overlaps, holes, and what comes twice or in the wrong order.
std::vector<std::pair<unsigned, unsigned>> cuts(std::size_t size, std::mt19937& random) {
  const unsigned words = (size + 7) / 8, parts = 2 + random() % 5;
  std::vector<std::pair<unsigned, unsigned>> list;
  for (unsigned i = 0; i < parts; ++i)
    list.emplace_back(i * words / parts, (i + 1) * words / parts);
  for (auto& [begin, end] : list) {
    if (random() % 10 == 0 && begin) --begin;
    if (random() % 10 == 0) end += random() % 3;
  }
  if (random() % 5 == 0) list.erase(list.begin() + random() % list.size());
  if (random() % 5 == 0) list.push_back(list[random() % list.size()]);
  if (random() % 2 == 0) std::shuffle(list.begin(), list.end(), random);
  return list;
}

}  // namespace

std::vector<std::string> FrameMaker::fragments4(const std::string& from, const std::string& to,
                                                const std::string& rest) {
  const std::string id = noise(2);
  std::vector<std::string> packets;
  for (const auto& [begin, end] : cuts(rest.size(), random_)) {
    const bool last = 8 * end >= rest.size();
    const std::string part =
        8 * begin < rest.size() ? rest.substr(8 * begin, 8 * (end - begin)) : "";
    std::string packet =
        ipv4(from, to, chance(5) ? options4() : "", part, begin | (last ? 0 : 0x2000));
    const std::size_t header = 4 * (packet[0] & 15);
    packet.replace(4, 2, id);
    packet.replace(10, 2, 2, '\0');
    put_checksum(packet, 10, checksum(std::string_view(packet).substr(0, header)));
    packets.push_back(packet);
  }
  return packets;
}

std::vector<std::string> FrameMaker::fragments6(const std::string& from, const std::string& to,
                                                std::uint8_t next_header, const std::string& rest) {
  const std::string id = noise(4);
  std::vector<std::string> packets;
  for (const auto& [begin, end] : cuts(rest.size(), random_)) {
    const bool last = 8 * end >= rest.size();
    const std::string part =
        8 * begin < rest.size() ? rest.substr(8 * begin, 8 * (end - begin)) : "";
    packets.push_back(ipv6(from, to, IPPROTO_FRAGMENT,
                           std::string{static_cast<char>(next_header), '\0'} +
                               number16(8 * begin | (last ? 0 : 1)) + id + part));
  }
  return packets;
}

// A few bytes of the headers, lengths at their edges, an end that is missing or too much.
void FrameMaker::scramble(std::string& packet) {
  static constexpr unsigned kEdges[] = {0, 1, 7, 8, 9, 20, 27, 28, 40, 48, 1500, 32768, 65535};
  for (unsigned n = 1 + pick(3); n > 0 && !packet.empty(); --n) {
    const std::size_t header = std::min<std::size_t>(packet.size(), 60);
    switch (pick(6)) {
      case 0:
        packet[pick(header)] ^= 1 << pick(8);
        break;
      case 1:
        packet[pick(header)] = static_cast<char>(random_());
        break;
      case 2:
        packet.resize(pick(packet.size() + 1));
        break;
      case 3:
        packet += noise(pick(64));
        break;
      case 4:
      case 5:
        // The total length of IPv4, the payload length of IPv6, that of UDP behind either.
        for (const std::size_t at :
             {std::size_t{2}, std::size_t{4}, kIpv4Header + 4, kIpv6Header + 4})
          if (chance(30) && packet.size() >= at + 2)
            packet.replace(at, 2, number16(kEdges[pick(std::size(kEdges))]));
        break;
    }
  }
  if (packet.size() < kIpv4Header || !chance(70)) return;
  // As behind a wrong checksum nothing else is looked at.
  const std::size_t header = 4 * (packet[0] & 15);
  if ((packet[0] & 0xf0) != 0x40 || header < kIpv4Header || header > packet.size()) return;
  packet.replace(10, 2, 2, '\0');
  put_checksum(packet, 10, checksum(std::string_view(packet).substr(0, header)));
}

std::string FrameMaker::framed(bool v6, const std::string& packet) {
  static const std::string kStrange[] = {std::string(6, '\xff'), std::string("\x01\0\x5e\0\0\1", 6),
                                         std::string("\x02\0\0\0\0\x77", 6), std::string(6, '\0')};
  unsigned type = v6 ? kIpv6 : kIpv4;
  if (chance(2)) type = v6 ? kIpv4 : kIpv6;
  if (chance(2)) type = pick(65536);
  if (type == kArp || type == 0x8035) type = kIpv4;  // handlers without a counter
  std::string tags;
  if (chance(8))
    for (unsigned n = 1 + pick(3); n > 0; --n)
      tags += number16(chance(70) ? kVlan : kVlanOuter) + number16(chance(70) ? 0 : pick(65536));
  // The tag's own type comes first: each one says what follows it.
  std::string frame =
      target_.mac + std::string("\x02\0\0\0\0\x09", 6) + tags + number16(type) + packet;
  if (chance(4)) frame.replace(0, 6, kStrange[pick(std::size(kStrange))]);
  if (chance(4))
    frame.replace(6, 6, chance(50) ? target_.mac : kStrange[pick(std::size(kStrange))]);
  if (!tags.empty() && chance(10)) frame.resize(kEthernet + pick(8));
  return frame;
}

Offload FrameMaker::offload(bool v6, std::size_t size) {
  // Few of those that are cut into fragments before they leave, a hundred each.
  static constexpr std::uint8_t kTypes[] = {Offload::kNone, Offload::kNone, Offload::kNone,
                                            Offload::kTcp4, Offload::kTcp6, Offload::kUdpFragments};
  const unsigned transport = kEthernet + (v6 ? kIpv6Header : kIpv4Header);
  Offload header{};
  header.flags = chance(80) ? unsigned{Offload::kNeedsChecksum} : pick(8);
  header.type = chance(60) ? std::uint8_t{Offload::kUdpSegments} : kTypes[pick(std::size(kTypes))];
  if (chance(3)) header.type = random_();
  header.header_length = chance(80) ? transport + kUdp : pick(size + 64);
  header.segment = chance(70) ? 8 + pick(1400) : random_();
  header.checksum_start = chance(80) ? transport : pick(size + 8);
  header.checksum_offset = chance(80) ? 6 : pick(64);
  return header;
}

std::vector<Frame> FrameMaker::next(bool offloaded) {
  const bool v6 = chance(50);
  const bool in_fragments = !offloaded && chance(12);
  const std::string from = source(v6), to = destination(v6);
  const std::size_t size =
      offloaded && chance(70) ? pick(chance(20) ? 60000 : 6000) : payload_size();
  std::string datagram = udp(v6, from, to, noise(size));
  if (chance(5)) datagram.replace(6, 2, chance(60) ? std::string(2, '\0') : noise(2));

  std::uint8_t next_header = IPPROTO_UDP;
  if (v6 && chance(12)) extension_headers(next_header, datagram);
  std::vector<std::string> packets;
  if (in_fragments)
    packets = v6 ? fragments6(from, to, next_header, datagram) : fragments4(from, to, datagram);
  else if (v6)
    packets = {ipv6(from, to, next_header, datagram)};
  else
    packets = {ipv4(from, to, chance(10) ? options4() : "", datagram)};

  std::vector<Frame> frames;
  for (auto& packet : packets) {
    if (chance(in_fragments ? 8 : 25)) scramble(packet);
    Frame& frame = frames.emplace_back();
    frame.bytes = framed(v6, packet);
    if (offloaded) frame.offload = offload(v6, frame.bytes.size());
  }
  return frames;
}

std::vector<Frame> FrameMaker::train() {
  const bool v6 = chance(50);
  const std::string from = source(v6), to = destination(v6);
  const unsigned port = 20000 + pick(1000);
  const std::size_t size = pick(chance(80) ? 300 : 1400);
  std::vector<Frame> frames(2 + pick(20));
  for (auto& frame : frames) {
    const bool last = &frame == &frames.back();
    const std::string data = noise(chance(last ? 50 : 4) ? pick(size + 1) : size + chance(2));
    std::string datagram = plain_udp(v6, from, to, port, target_.port, data);
    if (chance(4)) datagram.replace(6, 2, chance(60) ? std::string(2, '\0') : noise(2));
    std::uint8_t next_header = IPPROTO_UDP;
    if (v6 && chance(3)) extension_headers(next_header, datagram);
    std::string packet = v6 ? ipv6(from, to, next_header, datagram)
                            : ipv4(from, to, chance(3) ? options4() : "", datagram);
    if (!v6 && chance(95)) make_atomic(packet);
    if (chance(5)) scramble(packet);
    frame.bytes = chance(80) ? ethernet(v6 ? kIpv6 : kIpv4, packet) : framed(v6, packet);
  }
  return frames;
}

}  // namespace kudp::stress
