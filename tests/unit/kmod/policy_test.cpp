// SPDX-License-Identifier: GPL-2.0-only
// The module's decision whom to answer, compiled from the module's own header.
#include "kmod/policy.h"

#include <gtest/gtest.h>

namespace {

constexpr kudp_policy kEcho{KUDP_ECHO, 9000, 0, false};
constexpr kudp_policy kText{KUDP_TEXT, 9000, 10, false};

TEST(Reply, EchoIsAsLongAsTheRequest) {
  for (const unsigned request : {0u, 1u, 64u, 65507u})
    EXPECT_EQ(kudp_reply_length(&kEcho, request), request);
}

TEST(Reply, TextHasItsOwnLength) {
  EXPECT_EQ(kudp_reply_length(&kText, 0), 10u);
  EXPECT_EQ(kudp_reply_length(&kText, 65507), 10u);
}

TEST(Decide, EchoesEverySize) {
  for (const unsigned request : {0u, 1u, 65507u})
    EXPECT_EQ(kudp_decide(&kEcho, request), KUDP_ACCEPT);
}

TEST(Decide, SendsNoMoreThanItReceived) {
  EXPECT_EQ(kudp_decide(&kText, 9), KUDP_AMPLIFICATION);
  EXPECT_EQ(kudp_decide(&kText, 10), KUDP_ACCEPT);
  kudp_policy amplify = kText;
  amplify.amplify = true;
  EXPECT_EQ(kudp_decide(&amplify, 0), KUDP_ACCEPT);
}

TEST(Decide, DiscardTakesEverything) {
  const kudp_policy discard{KUDP_DISCARD, 9000, 0, false};
  EXPECT_EQ(kudp_decide(&discard, 64), KUDP_DISCARDED);
  EXPECT_EQ(kudp_decide(&discard, 0), KUDP_DISCARDED);
}

}  // namespace
