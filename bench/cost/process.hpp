// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "bench/cost/network.hpp"
#include "bench/cost/running.hpp"

namespace kudp::cost {

// One of the programs next to this one, in a namespace until it is told to end.
class Process {
 public:
  // `words`: its name and its arguments.
  Process(std::vector<std::string> words, const Namespace& where);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  std::string command() const;
  // Takes in what it prints until that has `text` in it; false: it ended before, or took too long.
  bool read_until(const std::string& text);
  // Kills it and returns its wait status, which is that of its end if it had ended before.
  int kill_and_reap();
  std::string last_words() const;
  // Ends it by SIGINT. Throws std::runtime_error if it had ended, or ends with another exit status.
  void stop(int exit_status);

 private:
  void launch(const Namespace& where);
  int reap();

  std::vector<std::string> words_;
  Fd output_;
  pid_t pid_ = -1;
  std::string printed_;
};

// A kudp-baseline in a namespace. It has started once it prints that it listens.
class BaselineProcess final : public RunningServer {
 public:
  BaselineProcess(std::vector<std::string> words, const Namespace& where);

  std::string config() const override { return process_.command(); }
  void stop() override { process_.stop(0); }

 private:
  Process process_;
};

}  // namespace kudp::cost
