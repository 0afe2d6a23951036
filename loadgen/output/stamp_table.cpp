// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/stamp_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "loadgen/output/record.hpp"

namespace kudp {
namespace {

template <typename Number>
std::string text(const std::optional<Number>& number) {
  return number ? fmt::format("{}", *number) : "unknown";
}

std::string loss_line(std::uint64_t sent, const StampLoss& loss) {
  const double share = 100 * static_cast<double>(loss.lost) / static_cast<double>(sent);
  const auto head = fmt::format("{:.2f} %, {}", share, loss.lost);
  if (loss.lost == 0) return head;
  if (!loss.unknown.empty()) return fmt::format("{}, direction unknown: {}", head, loss.unknown);
  return fmt::format("{}: {} forward, {} return, {} after the last reply", head, text(loss.forward),
                     text(loss.back), text(loss.last));
}

std::string ttl_line(const std::vector<StampReply>& replies) {
  const auto [low, high] = std::ranges::minmax(replies, {}, &StampReply::ttl);
  return low.ttl == high.ttl ? fmt::format("{}", low.ttl)
                             : fmt::format("{} to {}", low.ttl, high.ttl);
}

}  // namespace

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

}  // namespace kudp
