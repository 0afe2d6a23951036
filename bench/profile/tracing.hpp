// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "loadgen/base/fd.hpp"

namespace kudp::profile {

// Writes `text` in one write(2). Throws std::runtime_error that names the file.
void write_file(const std::string& path, const std::string& text);
std::string read_file(const std::string& path);

// What kudp-profile traces with: a buffer of its own under instances/, probes and synthetic events
// under its own name. All of it goes with the object; what a run that was killed left behind goes
// when the next one begins. Throws std::runtime_error where tracing is not permitted.
class Tracing {
 public:
  explicit Tracing(std::size_t buffer_kib);
  ~Tracing();
  Tracing(const Tracing&) = delete;

  static constexpr const char* kInstance = "kudp-profile";

  // The events that profile_stages.cpp and profile_schedule.cpp read.
  void record_events();
  // Stage by stage, added up inside the kernel; of `server_device`.
  void count_stages(const std::string& server_device);
  // What was counted: {"record": "hist", "stage", "count", "mean_ns", "p50_at_most_ns",
  // "p99_at_most_ns", "log2"}. The kernel adds up by powers of two, so a percentile is known by its
  // bounds alone: at most so much, and more than half of that.
  std::vector<nlohmann::ordered_json> counted() const;

  void clear();  // what is in the buffer
  void stop();   // all events off; what is in the buffer stays
  // Events that were overwritten or dropped.
  std::uint64_t lost() const;

  // What of the above this kernel does not have, one line each.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  void clean();
  bool probe(const std::string& definition);
  bool enable(const std::string& event);
  bool trigger(const std::string& event, const std::string& text);

  const std::string root_;
  const std::string folder_;
  std::vector<std::pair<std::string, std::string>> triggers_;
  std::vector<std::string> missing_;
};

// That no other kudp-profile traces here, for as long as the object lives; and what one that was
// killed had changed of the global buffer is put back. Throws std::runtime_error where one runs.
class OnlyRun {
 public:
  OnlyRun();

 private:
  Fd file_;
};

// The function graph of all that the CPUs do below some functions. Kernels before 6.12 or so have
// it in the machine's one global buffer alone, so this wants to be the only one to trace: it
// refuses where another tracer is on. What it changes is put back, by the next OnlyRun if need be.
class FunctionGraph {
 public:
  // Of receiving softirqs, of switches between threads and of what a server asks of the kernel: a
  // thread of the kernel, or else of userspace, by its system calls.
  FunctionGraph(bool kernel_server, int depth, std::size_t buffer_kib);
  ~FunctionGraph();
  FunctionGraph(const FunctionGraph&) = delete;

  void stop();
  std::uint64_t lost() const;

 private:
  void change(const std::string& file, const std::string& value);

  const std::string root_;
};

}  // namespace kudp::profile
