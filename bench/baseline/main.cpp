// SPDX-License-Identifier: GPL-2.0-only
//
// kudp-baseline: the userspace servers that the kernel module is compared with.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "bench/baseline/command.hpp"
#include "bench/baseline/serving.hpp"

using namespace kudp::baseline;

namespace {

void print_totals(const Serving& server) {
  const Totals totals = server.totals();
  fmt::print("received {}, answered {}, send errors {}, receive errors {}\n", totals.received,
             totals.answered, totals.send_errors, totals.receive_errors);
  for (std::size_t i = 0; i < kRefusals; ++i)
    if (totals.refused[i]) fmt::print("refused for {}: {}\n", kRefusalNames[i], totals.refused[i]);
  if (totals.rearmed) fmt::print("out of buffers, receive begun anew: {}\n", totals.rearmed);
  for (const auto& [name, share] : server.shares())
    fmt::print("{}: received {}, answered {}\n", name, share.received, share.answered);
}

void serve(const Command& command) {
  // Blocked before any thread exists, so that all inherit it and only sigwait takes the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto server = command.start();
  fmt::print("listening on {} with {}\n", server->address().str(), server->description());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server->stop();
  print_totals(*server);
}

int fail(const std::exception& error, int status) {
  fmt::print(stderr, "kudp-baseline: {}\n", error.what());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("UDP servers in userspace, XDP and tc, to compare kudp with.", "kudp-baseline");
  Command command(app);
  try {
    command.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : fail(error, 2);
  } catch (const std::exception& error) {
    return fail(error, 2);
  }
  try {
    serve(command);
  } catch (const std::exception& error) {
    return fail(error, 1);
  }
  return 0;
}
