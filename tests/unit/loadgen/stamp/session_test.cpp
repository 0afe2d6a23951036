// SPDX-License-Identifier: GPL-2.0-only
// kudp-load stamp: what is made of replies, and a session with a reflector that loses packets.
#include "loadgen/stamp/session.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <system_error>
#include <thread>

#include "kmod/stamp.h"
#include "loadgen/base/fd.hpp"
#include "loadgen/stamp/analysis.hpp"

namespace kudp {
namespace {

using testing::HasSubstr;

constexpr std::uint16_t kMillisecondError = 0x8f84;  // S, 132 * 2^(15 - 32) s
constexpr std::int64_t kSent = 1'700'000'000 * kSecond;

// Sequence numbers, and what the reflector made of them, of packets one second apart that take 300
// us there, 5 us in the reflector, 200 us back, by a clock that is `offset` ahead.
StampReply reply(std::uint32_t sequence, std::uint32_t reflected, std::int64_t offset = 0,
                 std::int64_t more = 0) {
  StampReply r{.sequence = sequence, .reflected = reflected, .error = kMillisecondError};
  r.t1 = kSent + sequence * kSecond;
  r.t2 = r.t1 + 300'000 + offset + more;
  r.t3 = r.t2 + 5'000;
  r.t4 = r.t3 + 200'000 - offset;
  return r;
}

StampSession session(std::uint64_t sent, std::vector<StampReply> replies) {
  return {.sent = sent, .replies = std::move(replies), .error = kudp_stamp_error(100)};
}

TEST(StampPacket, WhatIsWrittenIsRead) {
  for (const std::int64_t ns : {0, 1, 232, 233, 499'999'999, 999'999'999}) {
    std::vector<std::byte> packet(stamp_size(0));
    write_stamp(packet, {.sequence = 7, .t1 = kSent + ns, .error = 0x8101, .ssid = 9});
    auto* const bytes = reinterpret_cast<unsigned char*>(packet.data());
    ASSERT_EQ(kudp_stamp_check(bytes, 44), KUDP_ACCEPT);
    const kudp_stamp_reply made{8, 1'700'000'000, static_cast<unsigned>(ns), 0x8202, 64};
    kudp_stamp_reflect(bytes, 44, &made);
    kudp_stamp_put_departure(bytes, 1'700'000'001, static_cast<unsigned>(ns));
    const auto read = read_stamp(packet);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->sequence, 7u);
    EXPECT_EQ(read->reflected, 8u);
    EXPECT_EQ(read->t1, kSent + ns) << "to the nanosecond";
    EXPECT_EQ(read->t2, kSent + ns);
    EXPECT_EQ(read->t3, kSent + kSecond + ns);
    EXPECT_EQ(read->error, 0x8202);
    EXPECT_EQ(read->ssid, 9);
    EXPECT_EQ(read->ttl, 64);
  }
}

TEST(StampPacket, PaddingIsOneTlv) {
  std::vector<std::byte> packet(stamp_size(10));
  ASSERT_EQ(packet.size(), 58u);
  write_stamp(packet, {.error = 0x8101});
  const auto tlv = std::vector<std::byte>(packet.begin() + 44, packet.begin() + 48);
  EXPECT_EQ(tlv,
            (std::vector<std::byte>{std::byte{0x80}, std::byte{1}, std::byte{0}, std::byte{10}}));
}

TEST(StampPacket, WhatIsNoReply) {
  EXPECT_FALSE(read_stamp(std::vector<std::byte>(43, std::byte{1})));
  EXPECT_FALSE(read_stamp(std::vector<std::byte>(44))) << "a multiplier of 0";
}

TEST(StampAnalysis, Delays) {
  const auto a = analyse(session(3, {reply(0, 0), reply(1, 1, 0, 40'000), reply(2, 2)}), false);
  EXPECT_EQ(a.round_trip.min, 500'000);
  EXPECT_EQ(a.round_trip.max, 540'000);
  EXPECT_EQ(a.forward.min, 300'000);
  EXPECT_EQ(a.forward.p50, 300'000);
  EXPECT_EQ(a.forward.pdv_p99, 40'000);
  EXPECT_EQ(a.forward.ipdv_mean, 40'000);
  EXPECT_EQ(a.back.min, 200'000);
  EXPECT_EQ(a.back.ipdv_mean, 0);
  EXPECT_EQ(a.held.p99, 5'000);
}

TEST(StampAnalysis, OffsetDoesNotTouchRoundTripAndVariation) {
  const std::int64_t hour = 3600 * kSecond;
  const auto a = analyse(session(2, {reply(0, 0, hour), reply(1, 1, hour, 40'000)}), false);
  EXPECT_EQ(a.round_trip.min, 500'000);
  EXPECT_EQ(a.forward.min, hour + 300'000);
  EXPECT_EQ(a.back.min, 200'000 - hour);
  EXPECT_EQ(a.forward.pdv_p99, 40'000);
  EXPECT_LE(a.clocks.offset_low, hour);
  EXPECT_GE(a.clocks.offset_high, hour);
}

TEST(StampLoss, NoneIsNoneOnEachWay) {
  const auto loss = analyse(session(2, {reply(0, 0), reply(1, 1)}), false).loss;
  EXPECT_EQ(loss.lost, 0u);
  EXPECT_EQ(loss.forward, 0u);
  EXPECT_EQ(loss.back, 0u);
}

// 10 sent: 2 and 3 lost on the way there, 5 on the way back, 9 nobody knows where.
TEST(StampLoss, EachWayByTheReflectorsCount) {
  const auto loss = analyse(session(10, {reply(0, 0), reply(1, 1), reply(4, 2), reply(6, 4),
                                         reply(7, 5), reply(8, 6)}),
                            false)
                        .loss;
  EXPECT_EQ(loss.lost, 4u);
  EXPECT_EQ(loss.forward, 2u);
  EXPECT_EQ(loss.back, 1u);
  EXPECT_EQ(loss.last, 1u);
}

TEST(StampLoss, AStatelessReflectorCannotTell) {
  const auto replies = {reply(0, 0), reply(2, 2)};
  const auto loss = analyse(session(3, replies), false).loss;
  EXPECT_EQ(loss.lost, 1u);
  EXPECT_FALSE(loss.forward);
  EXPECT_THAT(loss.unknown, HasSubstr("stateless"));
  const auto known = analyse(session(3, replies), true).loss;
  EXPECT_EQ(known.forward, 0u);
  EXPECT_EQ(known.back, 1u);
}

TEST(StampLoss, ACountThatIsNotOfThisSession) {
  for (const auto& replies :
       {std::vector{reply(0, 5), reply(2, 6)}, std::vector{reply(0, 0), reply(2, 0)}}) {
    const auto loss = analyse(session(3, replies), false).loss;
    EXPECT_FALSE(loss.forward);
    EXPECT_THAT(loss.unknown, HasSubstr("does not cover this session only"));
  }
}

TEST(StampReordering, OnEachWay) {
  // 1 overtakes 0 on the way there; 3 overtakes 2 on the way back.
  const auto order =
      analyse(session(4, {reply(1, 0), reply(0, 1), reply(3, 3), reply(2, 2)}), false).reordering;
  EXPECT_EQ(order.round_trip, 2u);
  EXPECT_EQ(order.forward, 1u);
  EXPECT_EQ(order.back, 1u);
}

TEST(StampReordering, OfAStatelessReflectorOnlyTheRoundTrips) {
  const auto order = analyse(session(2, {reply(1, 1), reply(0, 0)}), false).reordering;
  EXPECT_EQ(order.round_trip, 1u);
  EXPECT_FALSE(order.forward);
}

StampClocks clocks(std::uint16_t sender, std::uint16_t reflector, std::int64_t offset) {
  StampReply one = reply(0, 0, offset);
  one.error = reflector;
  StampSession s = session(1, {one});
  s.error = sender;
  return analyse(s, false).clocks;
}

TEST(StampClocks, UnknownUnlessBothAreSynchronized) {
  const auto good = kudp_stamp_error(1000), unknown = kudp_stamp_error(0);
  EXPECT_THAT(clocks(unknown, unknown, 0).claim, HasSubstr("neither clock is synchronized"));
  EXPECT_THAT(clocks(unknown, good, 0).claim, HasSubstr("this clock is not"));
  EXPECT_THAT(clocks(good, unknown, 0).claim, HasSubstr("the reflector's clock is not"));
  EXPECT_FALSE(clocks(good, unknown, 0).one_way);
}

TEST(StampClocks, ErrorsBelowTheDelays) {
  const auto c = clocks(kudp_stamp_error(20'000), kudp_stamp_error(30'000), 0);
  EXPECT_TRUE(c.one_way);
  EXPECT_THAT(c.claim, HasSubstr("accurate to 5"));
}

TEST(StampClocks, ErrorsAboveTheDelays) {
  const auto c = clocks(kudp_stamp_error(20'000), kudp_stamp_error(1'000'000), 0);
  EXPECT_FALSE(c.one_way);
  EXPECT_THAT(c.claim, HasSubstr("more than the delays"));
}

TEST(StampClocks, ThatSayMoreThanTheyCanHold) {
  const auto good = kudp_stamp_error(1000);
  for (const std::int64_t offset : {kSecond, -kSecond}) {
    const auto c = clocks(good, good, offset);
    EXPECT_FALSE(c.one_way);
    EXPECT_THAT(c.claim, HasSubstr("further apart"));
  }
}

// A stateful reflector in a thread, that loses what `lost` says of a sequence number: 1 forward, 2
// on return.
class Reflector {
 public:
  explicit Reflector(std::function<int(std::uint32_t)> lost)
      : socket_(socket(AF_INET, SOCK_DGRAM, 0)), lost_(std::move(lost)) {
    target_ = resolve("127.0.0.1:1");
    reinterpret_cast<sockaddr_in&>(target_.address).sin_port = 0;
    timeval tick{0, 20'000};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    if (bind(socket_.get(), target_.data(), target_.length) ||
        getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&target_.address), &target_.length))
      throw std::system_error(errno, std::generic_category(), "bind");
    thread_ = std::thread([this] { serve(); });
  }
  ~Reflector() {
    stop_ = true;
    thread_.join();
  }
  const Endpoint& target() const { return target_; }

 private:
  void serve() {
    std::uint32_t count = 0;
    while (!stop_) {
      unsigned char packet[2048];
      sockaddr_storage peer;
      socklen_t peer_length = sizeof peer;
      auto* const address = reinterpret_cast<sockaddr*>(&peer);
      const auto length = recvfrom(socket_.get(), packet, sizeof packet, 0, address, &peer_length);
      if (length < 44) continue;
      const int lost = lost_(kudp_get32(packet));
      if (lost == 1) continue;
      const auto now = now_ns(CLOCK_REALTIME);
      const kudp_stamp_reply made{count++, static_cast<unsigned>(now / kSecond),
                                  static_cast<unsigned>(now % kSecond), 0x3fff, 64};
      kudp_stamp_reflect(packet, static_cast<unsigned>(length), &made);
      kudp_stamp_put_departure(packet, made.seconds, made.nanoseconds);
      if (lost == 2) continue;
      sendto(socket_.get(), packet, static_cast<std::size_t>(length), 0, address, peer_length);
    }
  }

  Endpoint target_;
  Fd socket_;
  std::function<int(std::uint32_t)> lost_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

TEST(StampSession, TellsTheWayOfEachLoss) {
  const Reflector reflector([](std::uint32_t sequence) {
    return sequence % 10 == 3 ? 1 : sequence % 10 == 6 || sequence % 10 == 7 ? 2 : 0;
  });
  StampOptions options{.target = reflector.target(),
                       .count = 50,
                       .interval = kMillisecond,
                       .timeout = 2 * kSecond,
                       .padding = 100};
  // In a thread: a session pins itself to its CPU.
  StampSession s;
  std::thread([&] {
    Interrupt interrupt;
    s = run_session(options, interrupt);
  }).join();
  EXPECT_EQ(s.sent, 50u);
  ASSERT_EQ(s.replies.size(), 35u);
  const auto a = analyse(s, false);
  EXPECT_TRUE(a.counts);
  EXPECT_EQ(a.loss.forward, 5u);
  EXPECT_EQ(a.loss.back, 10u);
  EXPECT_EQ(a.loss.last, 0u);
  EXPECT_GE(a.forward.min, 0) << "one clock";
  EXPECT_GE(a.back.min, 0);
  EXPECT_LE(a.clocks.offset_low, 0);
  EXPECT_GE(a.clocks.offset_high, 0);
}

TEST(StampSession, NobodyThere) {
  StampSession s;
  std::thread([&] {
    Interrupt interrupt;
    s = run_session({.target = resolve("127.0.0.1:1"),
                     .count = 3,
                     .interval = kMillisecond,
                     .timeout = 50 * kMillisecond},
                    interrupt);
  }).join();
  EXPECT_EQ(s.sent, 3u);
  EXPECT_TRUE(s.replies.empty());
}

}  // namespace
}  // namespace kudp
