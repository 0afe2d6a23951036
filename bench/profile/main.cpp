// SPDX-License-Identifier: GPL-2.0-only
//
// kudp-profile: records a server under a load with Linux's tracing, and works out of the trace
// where the time went.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "bench/profile/compare.hpp"
#include "bench/profile/record.hpp"
#include "bench/profile/report.hpp"
#include "loadgen/base/number_option.hpp"
#include "loadgen/base/version.hpp"

using namespace kudp;

namespace {

struct Arguments {
  profile::Recording recording;
  std::string load = "ipv4-64-burst64-flows1";
  std::string folder, a, b;
  int requests = 4096;
  bool check = false, no_functions = false;
};

void add_commands(CLI::App& app, Arguments& arguments) {
  app.require_subcommand(1);
  CLI::App& record = *app.add_subcommand("record", "trace a server under a load, as root");
  record.add_option("--server", arguments.recording.server, "the server, by kudp-cost's name")
      ->required();
  record.add_option("--load", arguments.load, "the load, by kudp-cost's name")
      ->capture_default_str();
  add_number(record, "--requests", arguments.requests, 64, 1'000'000, "N", "requests per phase");
  record.add_flag("--no-functions", arguments.no_functions, "skip function_graph");
  record.add_option("--fact", arguments.recording.facts, "KEY=VALUE for the header; repeatable");
  record.add_option("--out", arguments.recording.folder, "an existing folder for the output");
  record.add_flag("--check", arguments.check, "check the options and exit");
  CLI::App& report = *app.add_subcommand("report", "show where the time went in a recording");
  report.add_option("folder", arguments.folder, "folder with record.json and trace.dat")
      ->required();
  CLI::App& compare =
      *app.add_subcommand("compare", "compare two reports by stage and by function, in words");
  compare.add_option("a", arguments.a, "profile.json of the first")->required();
  compare.add_option("b", arguments.b, "profile.json of the second")->required();
}

// Throws std::runtime_error where a name is wrong.
void plan(Arguments& arguments) {
  auto& recording = arguments.recording;
  const auto& server = cost::server_named(recording.server);
  if (server.kind == cost::Kind::bypass)
    throw std::runtime_error(
        fmt::format("--server {}: UDP never sees its datagrams, so it has no stages: want a socket "
                    "server or an "
                    "engine of the module",
                    recording.server));
  const auto loads = cost::matching(cost::all_loads(), {arguments.load});
  if (loads.size() != 1 || loads.front().segments != 1 || !can_serve(server, loads.front()))
    throw std::runtime_error(fmt::format(
        "--load {}: want one load of {} without super-packets, as scripts/cost --list names them",
        arguments.load, recording.server));
  recording.load = loads.front();
  recording.requests = arguments.requests;
  recording.functions = !arguments.no_functions;
}

int fail(const std::exception& error, int status) {
  fmt::print(stderr, "kudp-profile: {}\n", error.what());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Shows where the time of a request goes, with Linux's own tracing.", "kudp-profile");
  app.set_version_flag("--version", kVersion);
  Arguments arguments;
  add_commands(app, arguments);
  try {
    app.parse(argc, argv);
    if (app.got_subcommand("record")) plan(arguments);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : fail(error, 2);
  } catch (const std::exception& error) {
    return fail(error, 2);
  }
  try {
    if (app.got_subcommand("report")) return profile::report(arguments.folder);
    if (app.got_subcommand("compare")) return profile::compare(arguments.a, arguments.b);
    if (!arguments.check) profile::record(arguments.recording);
    return 0;
  } catch (const std::exception& error) {
    return fail(error, 1);
  }
}
