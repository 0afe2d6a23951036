// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "loadgen/run.hpp"

namespace kudp {

// One line on the terminal that follows a run. Writes nothing where stderr is not a terminal.
class LiveLine {
 public:
  LiveLine();
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;

  void show(const Interim& now);

 private:
  bool terminal_;
  Interim before_{};
};

}  // namespace kudp
