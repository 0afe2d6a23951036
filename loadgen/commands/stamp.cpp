// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/stamp.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "kmod/stamp.h"
#include "loadgen/base/json_lines.hpp"
#include "loadgen/base/number_option.hpp"
#include "loadgen/commands/run_arguments.hpp"
#include "loadgen/commands/work.hpp"
#include "loadgen/output/header.hpp"
#include "loadgen/output/stamp_records.hpp"
#include "loadgen/output/stamp_table.hpp"
#include "loadgen/stamp/analysis.hpp"
#include "loadgen/stamp/session.hpp"

namespace kudp {
namespace {

struct Arguments {
  std::string target;
  double interval_ms = 10;
  double timeout_ms = 1000;
  bool stateful = false;
  std::string json;
  bool quiet = false;
  StampOptions options = {};
};

void run_stamp(const Arguments& arguments) {
  StampOptions options = arguments.options;
  options.target = resolve(arguments.target, KUDP_STAMP_PORT);
  options.interval = std::llround(arguments.interval_ms * kMillisecond);
  options.timeout = std::llround(arguments.timeout_ms * kMillisecond);
  JsonLines json(arguments.json);
  json.write(header_record());

  Interrupt interrupt;
  const StampSession session = run_session(options, interrupt);
  if (session.replies.empty() && session.signal == 0)
    throw std::runtime_error(fmt::format(
        "{} never answered ({} packets sent, {} corrupt replies{})", options.target.str(),
        session.sent, session.corrupt,
        session.refusal == 0 ? "" : fmt::format("; {}", std::strerror(session.refusal))));
  if (!session.replies.empty()) {
    const StampAnalysis analysis = analyse(session, arguments.stateful);
    if (json)
      for (const StampReply& reply : session.replies) json.write(stamp_reply_record(reply));
    json.write(stamp_record(options, session, analysis));
    if (!arguments.quiet && !json.on_stdout()) fmt::print("{}", table(options, session, analysis));
  }
  if (session.signal != 0) throw CLI::RuntimeError(kSignalled + session.signal);
}

void add_options(CLI::App& command, Arguments& arguments) {
  StampOptions& options = arguments.options;
  command.add_option("TARGET", arguments.target, "the reflector: HOST, HOST:PORT or [IPV6]:PORT")
      ->required()
      ->type_name("");
  add_number(command, "--count", options.count, 1, 1'000'000, "N", "packets to send");
  add_number(command, "--interval", arguments.interval_ms, 0.01, 60000, "MS",
             "time between packets");
  add_number(command, "--timeout", arguments.timeout_ms, 1, 60000, "MS",
             "time to wait for replies after the last packet");
  add_number(command, "--padding", options.padding, 0, 65000, "BYTES",
             "size of an Extra Padding TLV (RFC 8972)");
  add_number(command, "--ssid", options.ssid, 0, 65535, "ID",
             "session identifier (RFC 8972); 0: none");
  command.add_flag(
      "--stateful", arguments.stateful,
      "the reflector counts packets per session; its replies show that only once a packet is lost");
  command.add_option("--json", arguments.json, "write records as JSON lines; - is stdout")
      ->type_name("FILE");
  command.add_flag("--quiet", arguments.quiet, "print no table");
}

}  // namespace

void add_stamp_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand(
      "stamp", "Measure delay and loss in each direction against a STAMP reflector (RFC 8762).");
  add_options(command, *arguments);
  set_work(command, [arguments] { run_stamp(*arguments); });
}

}  // namespace kudp
