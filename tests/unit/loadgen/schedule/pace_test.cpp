// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/schedule/pace.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace kudp {
namespace {

using Times = std::vector<std::int64_t>;

Times take(Pace& pace, std::int64_t now, std::size_t in_flight, std::size_t room = 100) {
  Times times(room);
  times.resize(pace.take(now, in_flight, times));
  return times;
}

TEST(ClosedPace, FillsTheWindowAndNoMore) {
  ClosedPace pace(3);
  EXPECT_EQ(take(pace, 10, 0), Times(3, 10));
  EXPECT_EQ(take(pace, 20, 2), Times(1, 20));
  EXPECT_EQ(take(pace, 30, 3), Times());
  EXPECT_EQ(take(pace, 30, 4), Times());
  EXPECT_EQ(take(pace, 40, 0, 2), Times(2, 40));
}

TEST(ClosedPace, IsDueNowOrWhenAReplyComes) {
  ClosedPace pace(3);
  EXPECT_EQ(pace.next(10, 2), 10);
  EXPECT_EQ(pace.next(10, 3), Pace::kNever);
}

TEST(OpenPace, TakesWhatIsDueWithItsIntendedTimes) {
  OpenPace pace(Schedule(100, 10));
  EXPECT_EQ(take(pace, 99, 0), Times());
  EXPECT_EQ(take(pace, 100, 0), Times({100}));
  EXPECT_EQ(take(pace, 135, 0), Times({110, 120, 130}));
  EXPECT_EQ(pace.next(135, 0), 140);
}

TEST(OpenPace, IgnoresTheReplies) {
  OpenPace pace(Schedule(0, 10));
  EXPECT_EQ(take(pace, 30, 1'000'000), Times({0, 10, 20, 30}));
}

TEST(OpenPace, KeepsForLaterWhatThereIsNoRoomFor) {
  OpenPace pace(Schedule(0, 10));
  EXPECT_EQ(take(pace, 30, 0, 3), Times({0, 10, 20}));
  EXPECT_EQ(pace.next(30, 0), 30);
  EXPECT_EQ(take(pace, 30, 0, 3), Times({30}));
}

}  // namespace
}  // namespace kudp
