// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "bench/cost_server.hpp"

namespace kudp::cost {

// A kudp-baseline in a namespace. It has started once it prints that it listens.
class BaselineProcess final : public RunningServer {
 public:
  BaselineProcess(std::vector<std::string> arguments, const Namespace& where);
  ~BaselineProcess() override;

  std::string config() const override;
  void stop() override;

 private:
  void launch(const Namespace& where);
  // Takes in what it prints until that has `text` in it, or it ends, or it takes too long.
  bool read_until(const std::string& text);
  int reap();
  std::string last_words() const;

  std::vector<std::string> arguments_;
  Fd output_;
  pid_t pid_ = -1;
  std::string printed_;
};

}  // namespace kudp::cost
