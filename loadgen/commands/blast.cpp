// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/blast.hpp"

#include <fmt/format.h>

#include <memory>

#include "loadgen/base/json_lines.hpp"
#include "loadgen/commands/run_arguments.hpp"
#include "loadgen/commands/work.hpp"
#include "loadgen/output/blast_record.hpp"
#include "loadgen/output/header.hpp"
#include "loadgen/run/blast.hpp"

namespace kudp {
namespace {

void run_blast(const RunArguments& arguments) {
  const RunOptions options = resolved(arguments);
  JsonLines json(arguments.json);
  json.write(header_record());
  Interrupt interrupt;
  const BlastResult result = blast(options, interrupt);
  json.write(blast_record(options, result));
  if (!arguments.quiet && !json.on_stdout())
    fmt::print(
        "sent        {} in {:.2f} s, {:.0f}/s; {} times refused, {} times no room, {} dropped by "
        "UDP on their way out\n",
        result.sent, static_cast<double>(result.measured) / kSecond, result.sent_per_s(),
        result.refused, result.no_room, result.send_drops);
  if (result.signal != 0) throw CLI::RuntimeError(kSignalled + result.signal);
}

}  // namespace

void add_blast_command(CLI::App& app) {
  const auto arguments = std::make_shared<RunArguments>();
  arguments->run.flows = 1;
  CLI::App& command = *app.add_subcommand(
      "blast",
      "Send as fast as the kernel accepts it, and wait for no reply: how much can be sent?");
  add_target(command, *arguments);
  add_load_options(command, *arguments);
  add_time_options(command, *arguments);
  add_generator_options(command, *arguments);
  add_backend(command, *arguments, {{"sendmmsg", Backend::sendmmsg}, {"packet", Backend::packet}},
              "how to send: sendmmsg, or packet: whole frames that bypass UDP and IP (AF_PACKET; "
              "needs root and an Ethernet device)");
  add_output_options(command, *arguments);
  set_work(command, [arguments] { run_blast(*arguments); });
}

}  // namespace kudp
