// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/guest/system.hpp"

namespace kudp::guest {

// Events of "kudp", or one of them, in an instance of its own, while the object lives. The instance
// stays: to make one and to remove it takes a debug kernel seconds.
class Trace {
 public:
  explicit Trace(const std::string& events = "kudp")
      : switch_(kInstance + "/events/" + events + "/enable") {
    mkdir(kInstance.c_str(), 0755);
    EXPECT_EQ(write_file(switch_, "1"), 0);
  }
  ~Trace() {
    EXPECT_EQ(write_file(switch_, "0"), 0);
    clear();
  }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  // Each as "kudp_reply: port=9000 worker=0 ..."
  std::vector<std::string> events() const {
    std::vector<std::string> events;
    std::istringstream text(read_file(kInstance + "/trace"));
    for (std::string line; std::getline(text, line);)
      if (const auto at = line.find(": kudp_"); at != line.npos)
        events.push_back(line.substr(at + 2));
    return events;
  }

  // The reasons of those that were refused.
  std::vector<std::string> refusals() const {
    std::vector<std::string> reasons;
    for (const auto& event : events())
      if (event.starts_with("kudp_refuse:"))
        reasons.push_back(event.substr(event.find("reason=") + 7));
    return reasons;
  }

  // Waits for that many of an event.
  bool has(const std::string& event, std::size_t count) const {
    const auto is_it = [&](const std::string& each) { return each.starts_with(event); };
    return eventually(
        [&] { return std::ranges::count_if(events(), is_it) >= static_cast<long>(count); });
  }

  void clear() const { std::ofstream(kInstance + "/trace"); }

 private:
  const std::string kInstance = "/sys/kernel/tracing/instances/kudp-tests";
  const std::string switch_;
};

}  // namespace kudp::guest
