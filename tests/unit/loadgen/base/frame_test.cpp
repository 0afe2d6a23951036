// SPDX-License-Identifier: GPL-2.0-only
//
// Frames answered in place, as the af_xdp server does.
#include "loadgen/base/frame.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace kudp {
namespace {

// A request over IPv4 from 192.0.2.1:1000 to 192.0.2.2:9000 whose checksum a device has to
// complete.
struct Request {
  explicit Request(const std::string& payload) {
    const auto bytes = static_cast<std::uint16_t>(sizeof(udphdr) + payload.size());
    eth()->h_proto = htons(ETH_P_IP);
    eth()->h_source[5] = 1;
    eth()->h_dest[5] = 2;
    ip()->version = 4;
    ip()->ihl = 5;
    ip()->protocol = IPPROTO_UDP;
    ip()->saddr = htonl(0xc0000201);
    ip()->daddr = htonl(0xc0000202);
    ip()->tot_len = htons(static_cast<std::uint16_t>(sizeof(iphdr) + bytes));
    udp()->source = htons(1000);
    udp()->dest = htons(9000);
    udp()->len = htons(bytes);
    udp()->check = static_cast<std::uint16_t>(pseudo_header());
    std::memcpy(udp() + 1, payload.data(), payload.size());
  }

  char* data() { return room + Frame::kAlign; }  // as in a UMEM frame
  ethhdr* eth() { return reinterpret_cast<ethhdr*>(data()); }
  iphdr* ip() { return reinterpret_cast<iphdr*>(eth() + 1); }
  udphdr* udp() { return reinterpret_cast<udphdr*>(ip() + 1); }
  std::string payload() {
    return {reinterpret_cast<char*>(udp() + 1), ntohs(udp()->len) - sizeof(udphdr)};
  }

  unsigned pseudo_header() {
    std::string bytes(reinterpret_cast<char*>(&ip()->saddr), 8);
    bytes += {0, IPPROTO_UDP};
    bytes.append(reinterpret_cast<char*>(&udp()->len), 2);
    return sum_of(bytes);
  }
  bool checksum_holds() {
    std::string bytes(reinterpret_cast<char*>(&ip()->saddr), 8);
    bytes += {0, IPPROTO_UDP};
    bytes.append(reinterpret_cast<char*>(&udp()->len), 2);
    bytes.append(reinterpret_cast<char*>(udp()), ntohs(udp()->len));
    return sum_of(bytes) == 0xffff;
  }

  alignas(8) char room[2048] = {};
};

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 37 + 11);
  return bytes;
}

TEST(Frame, EchoHasAddressesSwappedAndItsChecksumCompleted) {
  for (const std::size_t size : {0, 1, 2, 3, 64, 65, 1471, 1472}) {
    Request request(pattern(size));
    Frame frame(request.data());
    EXPECT_EQ(frame.payload_bytes(), size);
    frame.turn_round();
    EXPECT_TRUE(request.checksum_holds()) << size;
    EXPECT_EQ(request.payload(), pattern(size));
    EXPECT_EQ(request.ip()->daddr, htonl(0xc0000201));
    EXPECT_EQ(request.udp()->dest, htons(1000));
    EXPECT_EQ(request.eth()->h_dest[5], 1);
    EXPECT_EQ(frame.bytes(), sizeof(ethhdr) + sizeof(iphdr) + sizeof(udphdr) + size);
  }
}

TEST(Frame, ACompleteChecksumOrNoneStaysAsItIs) {
  Request request(pattern(64));
  Frame(request.data()).turn_round();
  const auto check = request.udp()->check;
  Frame(request.data()).turn_round();
  EXPECT_EQ(request.udp()->check, check);
  request.udp()->check = 0;
  Frame(request.data()).turn_round();
  EXPECT_EQ(request.udp()->check, 0);
}

TEST(Frame, TextReplacesThePayload) {
  for (const std::size_t size : {0, 1, 64, 101}) {
    Request request(pattern(64));
    Frame frame(request.data());
    frame.turn_round();
    frame.replace(pattern(size), sum_of(pattern(size)));
    EXPECT_EQ(request.payload(), pattern(size));
    EXPECT_TRUE(request.checksum_holds()) << size;
    EXPECT_EQ(sum_of({reinterpret_cast<char*>(request.ip()), sizeof(iphdr)}), 0xffffu);
  }
}

TEST(Frame, SealedItsChecksumIsThatOfThePayload) {
  for (const std::size_t size : {0, 1, 16, 17, 1400}) {
    Request request(pattern(size));
    request.udp()->check = 0x1234;
    Frame(request.data()).seal();
    EXPECT_TRUE(request.checksum_holds()) << size;
  }
}

// One whole datagram, and nothing that only looks like one.
TEST(Frame, ADatagramsHeadersAreFound) {
  const auto found = [](auto&& change, std::size_t bytes = Frame::kHeaders4 + 10) {
    Request request(pattern(10));
    change(request);
    return udp_headers(std::as_bytes(std::span(request.data(), bytes)));
  };
  const auto nothing = [](Request&) {};
  EXPECT_EQ(found(nothing), Frame::kHeaders4);
  EXPECT_EQ(found(nothing, Frame::kHeaders4 + 18), Frame::kHeaders4);  // padded
  for (std::size_t bytes = 0; bytes < Frame::kHeaders4 + 10; ++bytes)
    EXPECT_EQ(found(nothing, bytes), 0U) << bytes;
  EXPECT_EQ(found([](Request& r) { r.eth()->h_proto = htons(ETH_P_ARP); }), 0U);
  EXPECT_EQ(found([](Request& r) { r.eth()->h_proto = htons(ETH_P_IPV6); }), 0U);
  EXPECT_EQ(found([](Request& r) { r.ip()->version = 6; }), 0U);
  EXPECT_EQ(found([](Request& r) { r.ip()->ihl = 6; }), 0U);
  EXPECT_EQ(found([](Request& r) { r.ip()->protocol = IPPROTO_TCP; }), 0U);
  EXPECT_EQ(found([](Request& r) { r.ip()->frag_off = htons(0x2000); }), 0U);
  EXPECT_EQ(found([](Request& r) { r.ip()->frag_off = htons(1); }), 0U);
  EXPECT_EQ(found([](Request& r) { r.ip()->tot_len = htons(19); }), 0U);
  EXPECT_EQ(found([](Request& r) { r.udp()->len = htons(17); }), 0U);
}

}  // namespace
}  // namespace kudp
