// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/stamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include "kmod/stamp.h"
#include "loadgen/base/json_lines.hpp"
#include "loadgen/base/number_option.hpp"
#include "loadgen/commands/run_arguments.hpp"
#include "loadgen/commands/work.hpp"

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

double us(double ns) {
  return std::round(ns) / kMicrosecond;
}
double us(std::int64_t ns) {
  return us(static_cast<double>(ns));
}

Record delay_record(const StampDelay& delay) {
  return {{"min", us(delay.min)},         {"p50", us(delay.p50)},
          {"p99", us(delay.p99)},         {"max", us(delay.max)},
          {"pdv_p99", us(delay.pdv_p99)}, {"ipdv_mean", us(delay.ipdv_mean)}};
}

template <typename Number>
Record known(const std::optional<Number>& number) {
  return number ? Record(*number) : Record();
}

Record known_us(const std::optional<double>& ns) {
  return ns ? Record(us(*ns)) : Record();
}

template <typename Number>
std::string text(const std::optional<Number>& number) {
  return number ? fmt::format("{}", *number) : "unknown";
}

std::string loss_line(std::uint64_t sent, const StampLoss& loss) {
  const double share = 100 * static_cast<double>(loss.lost) / static_cast<double>(sent);
  const auto head = fmt::format("{:.2f} %, {}", share, loss.lost);
  if (loss.lost == 0) return head;
  if (!loss.unknown.empty()) return fmt::format("{}: on which way: {}", head, loss.unknown);
  return fmt::format("{}: {} forward, {} on return, {} after the last reply", head,
                     text(loss.forward), text(loss.back), text(loss.last));
}

std::string ttl_line(const std::vector<StampReply>& replies) {
  const auto [low, high] = std::ranges::minmax(replies, {}, &StampReply::ttl);
  return low.ttl == high.ttl ? fmt::format("{}", low.ttl)
                             : fmt::format("{} to {}", low.ttl, high.ttl);
}

std::string table(const StampOptions& options, const StampSession& session,
                  const StampAnalysis& analysis) {
  std::string lines;
  const auto row = [&](std::string_view name, const std::string& value) {
    fmt::format_to(std::back_inserter(lines), "{:<12}{}\n", name, value);
  };
  const auto delay = [&](std::string_view name, const StampDelay& d) {
    row(name, fmt::format("{:>11.1f}{:>11.1f}{:>11.1f}{:>11.1f}{:>11.1f}{:>11.1f}", us(d.min),
                          us(d.p50), us(d.p99), us(d.max), us(d.pdv_p99), us(d.ipdv_mean)));
  };
  const StampReordering& order = analysis.reordering;
  row("target", options.target.str());
  row("sent", fmt::format("{} of {} bytes, one in {} ms", session.sent, stamp_size(options.padding),
                          static_cast<double>(options.interval) / kMillisecond));
  row("loss", loss_line(session.sent, analysis.loss));
  row("reordered", fmt::format("{}; forward {}, return {}", order.round_trip, text(order.forward),
                               text(order.back)));
  row("duplicate", fmt::format("{}, corrupt {}", session.duplicate, session.corrupt));
  row("TTL there", ttl_line(session.replies));
  row("us", fmt::format("{:>11}{:>11}{:>11}{:>11}{:>11}{:>11}", "min", "p50", "p99", "max",
                        "PDV p99", "IPDV mean"));
  delay("round trip", analysis.round_trip);
  delay("forward", analysis.forward);
  delay("return", analysis.back);
  delay("held", analysis.held);
  row("clocks", analysis.clocks.claim);
  return lines;
}

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

Record stamp_reply_record(const StampReply& reply) {
  return {{"record", "stamp_reply"},
          {"sequence", reply.sequence},
          {"reflected", reply.reflected},
          {"t1_ns", reply.t1},
          {"t2_ns", reply.t2},
          {"t3_ns", reply.t3},
          {"t4_ns", reply.t4},
          {"ttl", reply.ttl}};
}

Record stamp_record(const StampOptions& options, const StampSession& session,
                    const StampAnalysis& analysis) {
  const StampLoss& loss = analysis.loss;
  const StampReordering& order = analysis.reordering;
  const StampClocks& clocks = analysis.clocks;
  return {{"record", "stamp"},
          {"target", options.target.str()},
          {"size", stamp_size(options.padding)},
          {"ssid", options.ssid},
          {"interval_ms", static_cast<double>(options.interval) / kMillisecond},
          {"sent", session.sent},
          {"answered", session.replies.size()},
          {"duplicate", session.duplicate},
          {"corrupt", session.corrupt},
          {"stateful", analysis.counts},
          {"lost", loss.lost},
          {"lost_forward", known(loss.forward)},
          {"lost_return", known(loss.back)},
          {"lost_last", known(loss.last)},
          {"reordered", order.round_trip},
          {"reordered_forward", known(order.forward)},
          {"reordered_return", known(order.back)},
          {"round_trip_us", delay_record(analysis.round_trip)},
          {"forward_us", delay_record(analysis.forward)},
          {"return_us", delay_record(analysis.back)},
          {"held_us", delay_record(analysis.held)},
          {"sender_error_us", known_us(clocks.sender_error)},
          {"reflector_error_us", known_us(clocks.reflector_error)},
          {"offset_from_us", us(clocks.offset_low)},
          {"offset_to_us", us(clocks.offset_high)},
          {"one_way", clocks.one_way},
          {"claim", clocks.claim},
          {"interrupted", session.signal != 0}};
}

void add_stamp_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand(
      "stamp", "Measure delay and loss in each direction against a STAMP reflector (RFC 8762).");
  add_options(command, *arguments);
  set_work(command, [arguments] { run_stamp(*arguments); });
}

}  // namespace kudp
