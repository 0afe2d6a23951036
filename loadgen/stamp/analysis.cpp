// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/stamp/analysis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "loadgen/base/clock.hpp"

namespace kudp {
namespace {

using Replies = std::vector<StampReply>;

std::int64_t percentile(const std::vector<std::int64_t>& sorted, double percent) {
  const auto rank =
      static_cast<std::size_t>(std::ceil(static_cast<double>(sorted.size()) * percent / 100));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

template <typename Delay>
StampDelay delay_of(const Replies& by_sequence, Delay delay) {
  std::vector<std::int64_t> values;
  std::ranges::transform(by_sequence, std::back_inserter(values), delay);
  double variation = 0;
  for (std::size_t i = 1; i < values.size(); ++i)
    variation += static_cast<double>(std::abs(values[i] - values[i - 1]));
  if (values.size() > 1) variation /= static_cast<double>(values.size() - 1);
  std::ranges::sort(values);
  const std::int64_t p99 = percentile(values, 99);
  return {.min = values.front(),
          .p50 = percentile(values, 50),
          .p99 = p99,
          .max = values.back(),
          .pdv_p99 = p99 - values.front(),
          .ipdv_mean = variation};
}

// How many come after one that is larger.
template <typename Number>
std::uint64_t out_of_order(const Replies& replies, Number number) {
  std::uint64_t late = 0;
  std::uint32_t highest = 0;
  for (const StampReply& reply : replies) {
    if (number(reply) < highest) ++late;
    highest = std::max(highest, number(reply));
  }
  return late;
}

// A reflector that has counted since the session began never counted more than was sent before the
// latest of what it had received, and no number twice. Where the reply to one that overtook others
// is lost this may find a fault in a good count, never the other way round.
bool counts_this_session(const Replies& by_reflected) {
  std::uint32_t latest = 0;
  for (std::size_t i = 0; i < by_reflected.size(); ++i) {
    latest = std::max(latest, by_reflected[i].sequence);
    if (by_reflected[i].reflected > latest ||
        (i > 0 && by_reflected[i].reflected == by_reflected[i - 1].reflected))
      return false;
  }
  return true;
}

// Sent, up to the last that is known of: lost there, or counted. Counted: lost on the way back, or
// here.
void tell_ways(StampLoss& loss, std::uint64_t sent, const Replies& by_sequence,
               const Replies& by_reflected) {
  const std::uint64_t known = std::uint64_t{by_sequence.back().sequence} + 1;
  const std::uint64_t counted = std::uint64_t{by_reflected.back().reflected} + 1;
  loss.forward = known - counted;
  loss.back = counted - by_reflected.size();
  loss.last = sent - known;
}

StampLoss loss_of(const StampSession& session, bool counts, const Replies& by_sequence,
                  const Replies& by_reflected) {
  StampLoss loss;
  loss.lost = session.sent - session.replies.size();
  if (loss.lost == 0)
    loss.forward = loss.back = loss.last = 0;
  else if (!counts)
    loss.unknown =
        "the reflector is stateless, or all were lost on the way back; give --stateful if it "
        "counts";
  else if (!counts_this_session(by_reflected))
    loss.unknown = "the reflector's count does not cover this session only";
  else
    tell_ways(loss, session.sent, by_sequence, by_reflected);
  return loss;
}

// A reflector counts in the order that packets arrive.
StampReordering reordering_of(const Replies& replies, bool counts, const Replies& by_reflected) {
  const auto sequence = [](const StampReply& reply) { return reply.sequence; };
  StampReordering reordering{.round_trip = out_of_order(replies, sequence)};
  if (!counts || !counts_this_session(by_reflected)) return reordering;
  reordering.forward = out_of_order(by_reflected, sequence);
  reordering.back = out_of_order(replies, [](const StampReply& reply) { return reply.reflected; });
  return reordering;
}

std::optional<double> largest_error(const Replies& replies) {
  double largest = 0;
  for (const StampReply& reply : replies) {
    const auto error = stamp_error_ns(reply.error);
    if (!error) return std::nullopt;
    largest = std::max(largest, *error);
  }
  return largest;
}

double us(double ns) {
  return ns / kMicrosecond;
}

std::string claim_of(StampClocks& clocks) {
  const auto bounds = fmt::format("the reflector's clock is ahead by {:.1f} to {:.1f} us",
                                  us(static_cast<double>(clocks.offset_low)),
                                  us(static_cast<double>(clocks.offset_high)));
  if (!clocks.sender_error || !clocks.reflector_error)
    return fmt::format("forward and return include an unknown offset: {} synchronized; {}",
                       clocks.sender_error      ? "the reflector's clock is not"
                       : clocks.reflector_error ? "this clock is not"
                                                : "neither clock is",
                       bounds);
  const double error = *clocks.sender_error + *clocks.reflector_error;
  if (static_cast<double>(clocks.offset_low) > error ||
      static_cast<double>(clocks.offset_high) < -error)
    return fmt::format(
        "forward and return include an offset: the clocks are further apart than the "
        "{:.1f} us they claim; {}",
        us(error), bounds);
  // Each is the delay and the offset; the sum has none.
  const double smallest = static_cast<double>(std::min(clocks.offset_high, -clocks.offset_low));
  if (error > smallest)
    return fmt::format(
        "forward and return may be {:.1f} us off, by the clocks' own claim, which is more "
        "than the delays; {}",
        us(error), bounds);
  clocks.one_way = true;
  return fmt::format("forward and return are accurate to {:.1f} us, by the clocks' own claim",
                     us(error));
}

StampClocks clocks_of(const StampSession& session, std::int64_t forward, std::int64_t back) {
  StampClocks clocks{.sender_error = stamp_error_ns(session.error),
                     .reflector_error = largest_error(session.replies),
                     .offset_low = -back,
                     .offset_high = forward};
  clocks.claim = claim_of(clocks);
  return clocks;
}

}  // namespace

StampAnalysis analyse(const StampSession& session, bool stateful) {
  Replies by_sequence = session.replies, by_reflected = session.replies;
  std::ranges::sort(by_sequence, {}, &StampReply::sequence);
  std::ranges::sort(by_reflected, {}, &StampReply::reflected);

  StampAnalysis analysis;
  analysis.counts = stateful || std::ranges::any_of(session.replies, [](const StampReply& reply) {
                      return reply.reflected != reply.sequence;
                    });
  const auto delay = [&](auto of) { return delay_of(by_sequence, of); };
  analysis.round_trip = delay([](const StampReply& r) { return r.t4 - r.t1 - (r.t3 - r.t2); });
  analysis.forward = delay([](const StampReply& r) { return r.t2 - r.t1; });
  analysis.back = delay([](const StampReply& r) { return r.t4 - r.t3; });
  analysis.held = delay([](const StampReply& r) { return r.t3 - r.t2; });
  analysis.loss = loss_of(session, analysis.counts, by_sequence, by_reflected);
  analysis.reordering = reordering_of(session.replies, analysis.counts, by_reflected);
  analysis.clocks = clocks_of(session, analysis.forward.min, analysis.back.min);
  return analysis;
}

}  // namespace kudp
