// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/endpoint.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace kudp {
namespace {

TEST(Endpoint, ReadsWhatItWrites) {
  for (const std::string text :
       {"127.0.0.1:9000", "198.18.0.1:1", "0.0.0.0:65535", "[::1]:9000", "[fe80::1]:7"})
    EXPECT_EQ(resolve(text).str(), text);
}

TEST(Endpoint, KnowsItsFamily) {
  EXPECT_EQ(resolve("127.0.0.1:9000").family(), AF_INET);
  EXPECT_EQ(resolve("[::1]:9000").family(), AF_INET6);
}

TEST(Endpoint, TakesTheDefaultPortWhereNoneIsGiven) {
  EXPECT_EQ(resolve("127.0.0.1", 9000).str(), "127.0.0.1:9000");
  EXPECT_EQ(resolve("::1", 9000).str(), "[::1]:9000");
  EXPECT_EQ(resolve("[::1]", 9000).str(), "[::1]:9000");
  EXPECT_EQ(resolve("127.0.0.1:7", 9000).str(), "127.0.0.1:7");
}

TEST(Endpoint, RefusesWhatIsNone) {
  for (const std::string text :
       {"", ":", ":9000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
        "127.0.0.1:70000", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:9x", "127.0.0.1: 9",
        "127.0.0.1:99999999999999999999", "::1", "[::1]", "[::1", "[::1]9000", "[]:9000"})
    EXPECT_THROW(resolve(text), std::runtime_error) << text;
  EXPECT_THROW(resolve("[::1]9", 9000), std::runtime_error);
}

TEST(Endpoint, NamesTheTextThatIsWrong) {
  try {
    resolve("127.0.0.1:70000");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("127.0.0.1:70000"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("65535"), std::string::npos);
  }
}

}  // namespace
}  // namespace kudp
