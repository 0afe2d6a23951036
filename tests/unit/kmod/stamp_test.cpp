// SPDX-License-Identifier: GPL-2.0-only
// The reflector's packets, compiled from the module's own header, against literal bytes.
#include "kmod/stamp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kmod/policy.h"

namespace {

using Bytes = std::vector<unsigned char>;

constexpr kudp_stamp_reply kReply{0x01020304, 1700000000, 500000000, 0x8105, 63};

// Sequence 7, NTP time 0x11223344.55667788, error estimate S=1 scale 3 multiplier 9, SSID 0xabcd.
Bytes request(std::size_t size = KUDP_STAMP_BASE) {
  Bytes packet(std::max<std::size_t>(size, 16));
  const unsigned char head[] = {0,    0,    0,    7,    0x11, 0x22, 0x33, 0x44,
                                0x55, 0x66, 0x77, 0x88, 0x83, 0x09, 0xab, 0xcd};
  std::ranges::copy(head, packet.begin());
  packet.resize(size);
  return packet;
}

// A heap block of just the size that the reply has, so that ASan sees every byte beyond it.
Bytes reflect(Bytes packet, const kudp_stamp_reply& reply = kReply) {
  const auto len = static_cast<unsigned>(packet.size());
  const unsigned size = kudp_stamp_length(len);
  const auto block = std::make_unique<unsigned char[]>(size);
  std::ranges::copy(packet, block.get());
  kudp_stamp_reflect(block.get(), len, &reply);
  kudp_stamp_put_departure(block.get(), 1700000001, 250000000);
  return Bytes(block.get(), block.get() + size);
}

Bytes part(const Bytes& packet, std::size_t from, std::size_t size) {
  return Bytes(packet.begin() + static_cast<long>(from),
               packet.begin() + static_cast<long>(from + size));
}

Bytes with_tlvs(const Bytes& tlvs) {
  Bytes packet = request();
  packet.insert(packet.end(), tlvs.begin(), tlvs.end());
  return packet;
}

Bytes reflected_tlvs(const Bytes& tlvs) {
  return part(reflect(with_tlvs(tlvs)), KUDP_STAMP_BASE, tlvs.size());
}

bool is_reply(const Bytes& packet, unsigned short error = kReply.error) {
  return kudp_stamp_is_reply(packet.data(), static_cast<unsigned>(packet.size()), error);
}

kudp_counter check(const Bytes& packet) {
  return kudp_stamp_check(packet.data(), static_cast<unsigned>(packet.size()));
}

// RFC 8762 section 4.3.1, figure 6, field by field.

TEST(StampReply, Rfc8762_4_3_1_SequenceNumber) {
  EXPECT_EQ(part(reflect(request()), 0, 4), (Bytes{1, 2, 3, 4}));
}

// 1700000001.25 s is 0xe8fe6f81 s after 1900 and a quarter of 2^32.
TEST(StampReply, Rfc8762_4_3_1_Timestamp) {
  EXPECT_EQ(part(reflect(request()), 4, 8), (Bytes{0xe8, 0xfe, 0x6f, 0x81, 0x40, 0, 0, 0}));
}

TEST(StampReply, Rfc8762_4_3_1_ErrorEstimate) {
  EXPECT_EQ(part(reflect(request()), 12, 2), (Bytes{0x81, 0x05}));
}

TEST(StampReply, Rfc8972_3_SsidIsCopied) {
  EXPECT_EQ(part(reflect(request()), 14, 2), (Bytes{0xab, 0xcd}));
}

TEST(StampReply, Rfc8762_4_3_1_ReceiveTimestamp) {
  EXPECT_EQ(part(reflect(request()), 16, 8), (Bytes{0xe8, 0xfe, 0x6f, 0x80, 0x80, 0, 0, 0}));
}

TEST(StampReply, Rfc8762_4_3_1_SessionSenderFieldsAreCopies) {
  const Bytes reply = reflect(request());
  EXPECT_EQ(part(reply, 24, 4), (Bytes{0, 0, 0, 7}));
  EXPECT_EQ(part(reply, 28, 8), (Bytes{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}));
  EXPECT_EQ(part(reply, 36, 2), (Bytes{0x83, 0x09}));
}

TEST(StampReply, Rfc8762_4_3_1_SessionSenderTtl) {
  EXPECT_EQ(reflect(request())[40], 63);
}

TEST(StampReply, Rfc8762_4_3_1_MustBeZero) {
  Bytes packet = request();
  std::fill(packet.begin() + 16, packet.end(), 0xff);
  const Bytes reply = reflect(packet);
  EXPECT_EQ(part(reply, 38, 2), (Bytes{0, 0}));
  EXPECT_EQ(part(reply, 41, 3), (Bytes{0, 0, 0}));
}

TEST(StampReply, Rfc8762_4_3_SymmetricSize) {
  for (const unsigned size : {41u, 42u, 44u, 45u, 100u, 1472u, 65507u}) {
    EXPECT_EQ(kudp_stamp_length(size), size);
    EXPECT_EQ(reflect(request(size)).size(), size);
  }
}

TEST(StampReply, Rfc8762_4_3_WhatFollowsTheBaseIsCopied) {
  Bytes packet = request(1472);
  for (std::size_t i = KUDP_STAMP_BASE + 4; i < packet.size(); ++i)
    packet[i] = static_cast<unsigned char>(i * 37);
  EXPECT_EQ(part(reflect(packet), 44, 1428), part(packet, 44, 1428));
}

// TWAMP Light, RFC 5357 appendix I: no reply is shorter than 41 bytes, and where STAMP has the SSID
// TWAMP's senders have padding and its reflectors zeros.
TEST(StampReply, Rfc5357_4_2_1_TwampLightWithoutPadding) {
  EXPECT_EQ(kudp_stamp_length(14), 41u);
  EXPECT_EQ(kudp_stamp_length(40), 41u);
  const Bytes reply = reflect(request(14));
  ASSERT_EQ(reply.size(), 41u);
  EXPECT_EQ(part(reply, 14, 2), (Bytes{0, 0}));
  EXPECT_EQ(part(reply, 24, 4), (Bytes{0, 0, 0, 7}));
  EXPECT_EQ(reply[40], 63);
}

TEST(StampReply, Rfc5357_4_2_1_MustBeZeroWherePaddingWas) {
  const Bytes reply = reflect(request(41));
  EXPECT_EQ(part(reply, 14, 2), (Bytes{0, 0}));
  EXPECT_EQ(part(reply, 38, 2), (Bytes{0, 0}));
}

TEST(StampReply, IsNoAmplificationUnlessAllowed) {
  kudp_policy policy{KUDP_STAMP, 862, 0, false};
  EXPECT_EQ(kudp_decide(&policy, 40), KUDP_AMPLIFICATION);
  EXPECT_EQ(kudp_decide(&policy, 41), KUDP_ACCEPT);
  EXPECT_EQ(kudp_decide(&policy, 44), KUDP_ACCEPT);
  policy.amplify = true;
  EXPECT_EQ(kudp_decide(&policy, 14), KUDP_ACCEPT);
}

TEST(StampCheck, Rfc5357_4_1_2_ShorterThanAHeader) {
  for (unsigned size = 0; size < KUDP_TWAMP_REQUEST; ++size) {
    const auto block = std::make_unique<unsigned char[]>(size);
    EXPECT_EQ(kudp_stamp_check(block.get(), size), KUDP_STAMP_SHORT) << size;
  }
  EXPECT_EQ(check(part(request(), 0, 14)), KUDP_ACCEPT);
}

TEST(StampCheck, Rfc4656_4_1_2_MultiplierOfZero) {
  Bytes packet = request();
  packet[13] = 0;
  EXPECT_EQ(check(packet), KUDP_STAMP_CORRUPT);
}

// RFC 8762 section 4.2.2, figure 4: sequence number, 12 bytes of zeros, then the timestamp.
TEST(StampCheck, Rfc8762_4_2_2_AuthenticatedMode) {
  Bytes packet(112);
  packet[3] = 7;
  for (std::size_t i = 16; i < 26; ++i) packet[i] = 0x5a;
  for (std::size_t i = 96; i < 112; ++i) packet[i] = 0xa5;
  EXPECT_EQ(check(packet), KUDP_STAMP_AUTHENTICATED);
  packet.resize(111);
  EXPECT_EQ(check(packet), KUDP_STAMP_CORRUPT) << "too short for that mode";
}

TEST(StampTlv, Rfc8972_4_UnrecognizedIsCopiedWithU) {
  EXPECT_EQ(reflected_tlvs({0x00, 9, 0, 2, 0xde, 0xad}), (Bytes{0x80, 9, 0, 2, 0xde, 0xad}));
  EXPECT_EQ(reflected_tlvs({0x80, 250, 0, 0}), (Bytes{0x80, 250, 0, 0}));
}

TEST(StampTlv, Rfc8972_4_1_ExtraPaddingIsUnderstood) {
  EXPECT_EQ(reflected_tlvs({0x80, 1, 0, 3, 1, 2, 3}), (Bytes{0, 1, 0, 3, 1, 2, 3}));
}

TEST(StampTlv, Rfc8972_4_LongerThanThePacketIsMalformedAndEndsTheWalk) {
  EXPECT_EQ(reflected_tlvs({0x80, 1, 0, 0, 0x00, 4, 0, 3, 9, 9}),
            (Bytes{0x00, 1, 0, 0, 0xc0, 4, 0, 3, 9, 9}));
  EXPECT_EQ(reflected_tlvs({0x80, 1, 0xff, 0xff, 0x00, 4, 0, 0}),
            (Bytes{0x40, 1, 0xff, 0xff, 0x00, 4, 0, 0}));
}

TEST(StampTlv, Rfc8972_4_FlagsOfTheSenderAreNotKept) {
  EXPECT_EQ(reflected_tlvs({0xff, 1, 0, 0, 0x7f, 5, 0, 0}), (Bytes{0, 1, 0, 0, 0x80, 5, 0, 0}));
}

TEST(StampTlv, Rfc8972_5_1_TypeZeroIsPaddingOfTwamp) {
  const Bytes zeros(40);
  EXPECT_EQ(reflected_tlvs(zeros), zeros);
}

TEST(StampTlv, NoRoomForAHeader) {
  for (const Bytes& rest : {Bytes{1}, Bytes{1, 2}, Bytes{1, 2, 3}})
    EXPECT_EQ(reflected_tlvs(rest), rest);
}

TEST(StampTlv, Rfc8972_3_SsidOnlyInPacketsOfStamp) {
  const Bytes packet = request();
  EXPECT_EQ(kudp_stamp_ssid(packet.data(), 44), 0xabcdu);
  EXPECT_EQ(kudp_stamp_ssid(packet.data(), 43), 0u);
}

double seconds_of(unsigned short error) {
  return (error & 0xff) * std::ldexp(1.0, (error >> 8 & 0x3f) - 32);
}

TEST(StampError, Rfc4656_4_1_2_MultiplierTimesTwoToTheScale) {
  for (const unsigned ns : {1u, 59u, 60u, 1000u, 250000u, 1000000u, 999999999u}) {
    const auto error = kudp_stamp_error(ns);
    EXPECT_TRUE(error & 0x8000) << ns;
    EXPECT_FALSE(error & 0x4000) << "NTP's format, RFC 8186 section 2.1";
    EXPECT_GE(seconds_of(error), ns * 1e-9) << ns;
    EXPECT_LE(seconds_of(error), ns * 1e-9 * 1.02 + 3e-10) << ns;
  }
}

TEST(StampError, Rfc4656_4_1_2_UnknownIsNotSynchronized) {
  const auto error = kudp_stamp_error(0);
  EXPECT_FALSE(error & 0x8000);
  EXPECT_NE(error & 0xff, 0) << "a multiplier of 0 makes a packet corrupt";
  EXPECT_GT(seconds_of(error), 1e9);
}

TEST(StampTime, Rfc5905_6_NtpFormat) {
  unsigned char field[8];
  kudp_stamp_put_time(field, 0, 0);
  EXPECT_EQ(kudp_get32(field), 2208988800u);
  for (const unsigned ns : {0u, 1u, 232u, 233u, 500000000u, 999999999u}) {
    kudp_stamp_put_time(field, 2085978496, ns);
    EXPECT_EQ(kudp_get32(field), 0u) << "era 1 begins in 2036";
    EXPECT_NEAR(kudp_get32(field + 4), ns * 4.294967296, 1.0) << ns;
  }
}

// Whatever comes, nothing outside the packet is touched (ASan) and the size is symmetric.
TEST(StampFuzz, AnyBytesOfAnySize) {
  std::mt19937 random(862);
  for (int i = 0; i < 20000; ++i) {
    Bytes packet(random() % 300);
    for (auto& byte : packet) byte = static_cast<unsigned char>(random() % 4 ? random() : 0);
    if (check(packet) != KUDP_ACCEPT) continue;
    const Bytes reply = reflect(packet);
    ASSERT_EQ(reply.size(), std::max<std::size_t>(packet.size(), 41));
    ASSERT_EQ(part(reply, 24, 14), part(packet, 0, 14));
  }
}

// An echo service returns what it gets.
TEST(StampLoop, AReplyThatComesBackIsKnown) {
  for (const std::size_t size : {44, 45, 112, 1472}) EXPECT_TRUE(is_reply(reflect(request(size))));
  EXPECT_TRUE(is_reply(reflect(part(request(), 0, 14)))) << "TWAMP Light's";
}

TEST(StampLoop, ARequestIsNone) {
  for (const std::size_t size : {14, 41, 44, 112, 1472})
    EXPECT_FALSE(is_reply(request(size), 0x8309));
  Bytes padded = request(1472);
  std::fill(padded.begin() + 16, padded.end(), 0x55);
  EXPECT_FALSE(is_reply(padded, 0x8309)) << "a TWAMP sender's padding";
}

TEST(StampLoop, NorIsTheReplyOfAnotherClockOrOneThatWasHeldTooLong) {
  const Bytes reply = reflect(request());
  EXPECT_FALSE(is_reply(reply, 0x8106));
  kudp_stamp_reply late = kReply;
  late.seconds = 1700000001 - KUDP_STAMP_HOLD_MAX;
  EXPECT_FALSE(is_reply(reflect(request(), late)));
  late.seconds = 1700000002;  // the clock was set back meanwhile
  EXPECT_TRUE(is_reply(reflect(request(), late)));
}

}  // namespace
