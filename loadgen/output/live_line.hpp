// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <string>

#include "loadgen/run/run.hpp"

namespace kudp {

// One line on the terminal that follows a run, a second at a time. Writes nothing where stderr is
// not a terminal.
class LiveLine {
 public:
  LiveLine();
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;

  void show(const Interim& interim);

 private:
  std::string line() const;

  bool terminal_;
  Interim here_;  // of the second that is not shown yet
  std::uint64_t sent_ = 0;
  std::int64_t missing_ = 0;
};

}  // namespace kudp
