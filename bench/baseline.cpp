// SPDX-License-Identifier: GPL-2.0-only
//
// kudp-baseline: the userspace servers that the kernel module is compared with.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#include "bench/baseline_server.hpp"
#include "loadgen/cpus.hpp"
#include "loadgen/endpoint.hpp"

using namespace kudp;
using namespace kudp::baseline;

namespace {

// The longest text that fits a datagram over IPv4 as well as IPv6.
constexpr std::size_t kMaxText = 65507;

// The command line as it was typed.
struct Arguments {
  std::string listen = "127.0.0.1:9000";
  std::string reply = "echo";
  std::string text;
  bool text_given = false;
  std::string cpus;
  Options options;
};

void add_options(CLI::App& command, Arguments& arguments) {
  Options& options = arguments.options;
  command.add_option("--listen", arguments.listen, "ADDRESS:PORT; [::]:PORT takes IPv4 too")
      ->capture_default_str();
  command.add_option("--reply", arguments.reply, "what to answer: echo, discard or text")
      ->check(CLI::IsMember({"echo", "discard", "text"}))
      ->capture_default_str();
  command.add_option("--text", arguments.text, "the answer of --reply text")
      ->each([&arguments](const std::string&) { arguments.text_given = true; });
  command.add_flag("--amplify", options.reply.amplify,
                   "answer also where the text is longer than the request");
  command.add_option("--rcvbuf", options.buffer_bytes, "bytes of each socket's buffers")
      ->check(CLI::Range(4096, 1 << 30))
      ->capture_default_str();
}

void add_commands(CLI::App& app, Arguments& arguments) {
  app.require_subcommand(1);
  CLI::App& plain = *app.add_subcommand("recvfrom", "one socket, one thread, one datagram a call");
  add_options(plain, arguments);
  plain.add_option("--cpus", arguments.cpus, "pin the thread to the first of these, such as 0,2-5");
  plain.callback([&arguments] { arguments.options.engine = EngineKind::recvfrom; });

  CLI::App& batched = *app.add_subcommand(
      "recvmmsg", "a pinned thread and socket per CPU, a batch of datagrams a call");
  add_options(batched, arguments);
  batched.add_option("--cpus", arguments.cpus, "one thread on each of these, such as 0,2-5 [all]");
  batched.add_option("--batch", arguments.options.batch, "most datagrams a call")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  batched.callback([&arguments] { arguments.options.engine = EngineKind::recvmmsg; });
}

void set_reply(Arguments& arguments) {
  Reply& reply = arguments.options.reply;
  if (arguments.reply == "discard") reply.kind = ReplyKind::discard;
  if (arguments.reply == "text") reply.kind = ReplyKind::text;
  const bool text = reply.kind == ReplyKind::text;
  if (text != arguments.text_given)
    throw std::runtime_error(text ? "--reply text needs --text" : "--text is for --reply text");
  if (reply.amplify && !text) throw std::runtime_error("--amplify is for --reply text");
  if (arguments.text.size() > kMaxText)
    throw std::runtime_error(fmt::format("--text: longer than {} bytes", kMaxText));
  reply.text = std::move(arguments.text);
}

void set_cpus(Arguments& arguments) {
  Options& options = arguments.options;
  if (!arguments.cpus.empty()) options.cpus = parse_cpus(arguments.cpus);
  if (options.engine == EngineKind::recvfrom) {
    options.cpus.resize(std::min<std::size_t>(options.cpus.size(), 1));
    return;
  }
  if (arguments.cpus.empty()) options.cpus = allowed_cpus();
  auto sorted = options.cpus;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end())
    throw std::runtime_error(fmt::format("--cpus: CPU {} is there twice", *twice));
}

// Returns the options, or throws CLI::ParseError or std::runtime_error.
Options parse(CLI::App& app, Arguments& arguments, int argc, char** argv) {
  add_commands(app, arguments);
  app.parse(argc, argv);
  arguments.options.listen = resolve(arguments.listen);
  set_reply(arguments);
  set_cpus(arguments);
  return arguments.options;
}

void print_start(const Server& server, const Options& options) {
  fmt::print("listening on {} with {}", server.address().str(),
             options.engine == EngineKind::recvmmsg ? fmt::format("recvmmsg({})", options.batch)
                                                    : "recvfrom");
  if (!options.cpus.empty()) fmt::print(", CPUs {}", fmt::join(options.cpus, ","));
  fmt::print(", receive buffer {} bytes\n", server.receive_buffer());
  std::fflush(stdout);
}

void print_totals(const Server& server, const Options& options) {
  const Totals totals = server.totals();
  fmt::print("received {}, answered {}, send errors {}, receive errors {}\n", totals.received,
             totals.answered, totals.send_errors, totals.receive_errors);
  for (std::size_t i = 0; i < kRefusals; ++i)
    if (totals.refused[i]) fmt::print("refused for {}: {}\n", kRefusalNames[i], totals.refused[i]);
  for (std::size_t i = 0; i < options.cpus.size(); ++i)
    fmt::print("CPU {}: received {}, answered {}\n", options.cpus[i], server.totals(i).received,
               server.totals(i).answered);
}

void serve(const Options& options) {
  // Blocked before any thread exists, so that all inherit it and only sigwait takes the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Server server(options);
  print_start(server, options);
  int signal = 0;
  sigwait(&signals, &signal);
  server.stop();
  print_totals(server, options);
}

int fail(const std::exception& error, int status) {
  fmt::print(stderr, "kudp-baseline: {}\n", error.what());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Userspace UDP servers, to compare the kernel's with.", "kudp-baseline");
  Arguments arguments;
  Options options;
  try {
    options = parse(app, arguments, argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : fail(error, 2);
  } catch (const std::exception& error) {
    return fail(error, 2);
  }
  try {
    serve(options);
  } catch (const std::exception& error) {
    return fail(error, 1);
  }
  return 0;
}
