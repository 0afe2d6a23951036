// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "bench/baseline/device_options.hpp"
#include "bench/baseline/server.hpp"
#include "bench/baseline/serving.hpp"

namespace kudp::baseline {

// The command line: one subcommand for each server.
class Command {
 public:
  explicit Command(CLI::App& app);

  // Throws CLI::ParseError or std::runtime_error.
  void parse(int argc, char** argv);

  // Throws std::runtime_error where the server cannot be started.
  std::unique_ptr<Serving> start() const { return start_(); }

 private:
  void add_recvfrom();
  void add_socket_server(EngineKind engine, const char* name, const char* help);
  void add_af_xdp();
  void add_xdp();
  void add_tc();
  CLI::App& add(const char* name, const char* help);
  void add_reply(CLI::App& command);
  void add_cpus(CLI::App& command, const char* help);
  void add_batch(CLI::App& command);
  void add_patient(CLI::App& command);
  void add_device(CLI::App& command);
  void add_mode(CLI::App& command, const std::string& mode);

  void set_reply();
  void set_cpus();

  CLI::App& app_;
  Options options_;
  DeviceOptions device_;
  std::function<std::unique_ptr<Serving>()> start_;

  // As typed.
  std::string listen_ = "127.0.0.1:9000";
  std::string reply_ = "echo";
  std::string text_;
  bool text_given_ = false;
  std::string cpus_;
  std::string mode_;
};

}  // namespace kudp::baseline
