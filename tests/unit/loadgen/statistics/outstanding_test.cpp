// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/outstanding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace kudp {
namespace {

using Kind = Outstanding::Kind;
constexpr std::int64_t kTimeout = 100;

class OutstandingTest : public testing::Test {
 protected:
  void send(std::int64_t time, bool counted) { outstanding_.sent({&time, 1}, counted, time); }
  Kind reply(std::uint64_t sequence, std::int64_t now) {
    return outstanding_.reply(sequence, now, newest_);
  }
  const Counts& counts() const { return outstanding_.counts(); }

  Outstanding outstanding_{8, kTimeout};
  std::uint64_t newest_ = 0;
};

TEST_F(OutstandingTest, TellsTheLatencySinceTheIntendedTime) {
  send(1000, true);
  EXPECT_EQ(reply(0, 1042), Kind::answered);
  EXPECT_EQ(outstanding_.latency().count(), 1U);
  EXPECT_EQ(outstanding_.latency().max(), 42U);
  EXPECT_EQ(outstanding_.in_flight(), 0U);
}

TEST_F(OutstandingTest, AReplyIsLateBeyondTheTimeoutOnly) {
  send(0, true);
  send(0, true);
  EXPECT_EQ(reply(0, kTimeout), Kind::answered);
  EXPECT_EQ(reply(1, kTimeout + 1), Kind::late);
  EXPECT_EQ(counts().answered, 1U);
  EXPECT_EQ(counts().late, 1U);
}

TEST_F(OutstandingTest, AnExpiredRequestLeavesRoomAndMayStillBeAnswered) {
  send(0, true);
  send(50, true);
  outstanding_.expire(kTimeout);
  EXPECT_EQ(outstanding_.in_flight(), 2U);
  EXPECT_EQ(outstanding_.next_expiry(), kTimeout + 1);
  outstanding_.expire(kTimeout + 1);
  EXPECT_EQ(outstanding_.in_flight(), 1U);
  EXPECT_EQ(outstanding_.next_expiry(), 50 + kTimeout + 1);
  EXPECT_EQ(outstanding_.unanswered(), 2U);
  EXPECT_EQ(reply(0, 300), Kind::late);
  EXPECT_EQ(outstanding_.in_flight(), 1U);
  EXPECT_EQ(outstanding_.unanswered(), 1U);
}

TEST_F(OutstandingTest, ASecondReplyIsADuplicate) {
  send(0, true);
  EXPECT_EQ(reply(0, 1), Kind::answered);
  EXPECT_EQ(reply(0, 2), Kind::duplicate);
  EXPECT_EQ(reply(0, 500), Kind::duplicate);
  EXPECT_EQ(counts().duplicate, 2U);
  EXPECT_EQ(counts().answered, 1U);
}

TEST_F(OutstandingTest, AReplyToWhatWasNeverSentIsNone) {
  send(0, true);
  EXPECT_EQ(reply(1, 1), Kind::unsent);
  EXPECT_EQ(reply(~std::uint64_t{0}, 1), Kind::unsent);
  EXPECT_EQ(outstanding_.in_flight(), 1U);
}

TEST_F(OutstandingTest, AReplyOvertakenOnItsFlowIsReordered) {
  for (int i = 0; i < 4; ++i) send(0, true);
  std::uint64_t other_flow = 0;
  EXPECT_EQ(outstanding_.reply(3, 1, other_flow), Kind::answered);
  EXPECT_EQ(reply(2, 1), Kind::answered);
  EXPECT_EQ(counts().reordered, 0U);
  EXPECT_EQ(reply(0, 1), Kind::answered);
  EXPECT_EQ(reply(1, 1), Kind::answered);
  EXPECT_EQ(counts().reordered, 2U);
}

TEST_F(OutstandingTest, ARequestForgottenUnansweredIsLost) {
  for (int i = 0; i < 9; ++i) send(0, true);
  EXPECT_EQ(counts().lost, 1U);
  EXPECT_EQ(outstanding_.in_flight(), 8U);
  EXPECT_EQ(reply(0, 1), Kind::stale);
  EXPECT_EQ(reply(1, 1), Kind::answered);
  EXPECT_EQ(counts().stale, 1U);
  EXPECT_EQ(counts().lost, 1U);
}

TEST_F(OutstandingTest, WarmUpIsNotCounted) {
  for (int i = 0; i < 3; ++i) send(0, false);
  EXPECT_EQ(outstanding_.in_flight(), 3U);
  EXPECT_EQ(reply(1, 1), Kind::answered);
  EXPECT_EQ(reply(1, 1), Kind::duplicate);
  EXPECT_EQ(reply(0, 500), Kind::late);
  outstanding_.finish();
  EXPECT_EQ(outstanding_.in_flight(), 0U);
  for (const auto count : {counts().sent, counts().answered, counts().late, counts().lost,
                           counts().duplicate, counts().reordered})
    EXPECT_EQ(count, 0U);
  EXPECT_EQ(outstanding_.latency().count(), 0U);
}

// A slow and obvious model of the same: what a request is, by sequence number.
struct Model {
  struct Request {
    std::int64_t intended;
    bool counted;
    bool answered;
  };
  std::map<std::uint64_t, Request> requests;
  Counts counts;

  void sent(std::uint64_t sequence, std::int64_t intended, bool counted, std::size_t capacity) {
    requests[sequence] = {intended, counted, false};
    counts.sent += counted;
    if (requests.size() > capacity) forget(requests.begin());
  }

  void forget(std::map<std::uint64_t, Request>::iterator request) {
    counts.lost += request->second.counted && !request->second.answered;
    requests.erase(request);
  }

  void reply(std::uint64_t sequence, std::int64_t now) {
    const auto found = requests.find(sequence);
    if (found == requests.end()) return void(++counts.stale);
    Request& request = found->second;
    if (!request.counted) return void(request.answered = true);
    if (request.answered) return void(++counts.duplicate);
    request.answered = true;
    ++(now - request.intended > kTimeout ? counts.late : counts.answered);
  }

  std::size_t in_flight(std::int64_t now) const {
    std::size_t count = 0;
    for (const auto& [sequence, request] : requests)
      count += !request.answered && now - request.intended <= kTimeout;
    return count;
  }
};

class OutstandingRandom : public testing::TestWithParam<unsigned> {};

TEST_P(OutstandingRandom, AgreesWithTheModelAndEndsEachRequestOnce) {
  std::mt19937 random(GetParam());
  const auto below = [&](unsigned limit) { return random() % limit; };
  const std::size_t capacity = std::size_t{1} << (2 + below(7));
  const unsigned patience = 1 + below(40);
  Outstanding outstanding(capacity, kTimeout);
  Model model;
  std::uint64_t newest = 0;
  std::int64_t now = 1;

  for (int step = 0; step < 20'000; ++step) {
    now += below(patience);
    if (below(2)) {
      const bool counted = below(4) != 0;
      model.sent(outstanding.next(), now, counted, capacity);
      outstanding.sent({&now, 1}, counted, now);
    } else if (outstanding.next() > 0) {
      const auto age = 1 + below(static_cast<unsigned>(2 * capacity));
      const auto sequence = outstanding.next() - std::min<std::uint64_t>(age, outstanding.next());
      model.reply(sequence, now);
      outstanding.reply(sequence, now, newest);
    }
    outstanding.expire(now);
    ASSERT_EQ(outstanding.in_flight(), model.in_flight(now)) << "step " << step;
  }
  outstanding.finish();
  while (!model.requests.empty()) model.forget(model.requests.begin());

  const Counts& counts = outstanding.counts();
  EXPECT_GT(counts.sent, 5'000U);
  EXPECT_EQ(counts.sent, counts.answered + counts.late + counts.lost);
  EXPECT_EQ(counts.sent, model.counts.sent);
  EXPECT_EQ(counts.answered, model.counts.answered);
  EXPECT_EQ(counts.late, model.counts.late);
  EXPECT_EQ(counts.lost, model.counts.lost);
  EXPECT_EQ(counts.duplicate, model.counts.duplicate);
  EXPECT_EQ(counts.stale, model.counts.stale);
  EXPECT_EQ(outstanding.latency().count(), counts.answered + counts.late);
  EXPECT_EQ(outstanding.in_flight(), 0U);
  EXPECT_EQ(outstanding.unanswered(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, OutstandingRandom, testing::Range(1U, 21U));

}  // namespace
}  // namespace kudp
