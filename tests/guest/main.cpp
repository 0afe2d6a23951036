// SPDX-License-Identifier: GPL-2.0-only
// Tests of the live module. Root, in a machine that may be thrown away: they load and unload it.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/guest/network.hpp"
#include "tests/guest/system.hpp"

namespace {

class World : public testing::Environment {
 public:
  void SetUp() override {
    kudp::guest::make_network();
    ASSERT_EQ(kudp::guest::load_module(""), 0);
  }
  void TearDown() override {
    EXPECT_EQ(kudp::guest::unload_module(), 0);
    kudp::guest::remove_network();
  }
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (geteuid() != 0) {
    fprintf(stderr, "guest-tests: want root\n");
    return 1;
  }
  testing::AddGlobalTestEnvironment(new World);
  return RUN_ALL_TESTS();
}
