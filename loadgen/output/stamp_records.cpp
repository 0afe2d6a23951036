// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/stamp_records.hpp"

namespace kudp {
namespace {

Record delay_record(const StampDelay& delay) {
  return {{"min", us(delay.min)},         {"p50", us(delay.p50)},
          {"p99", us(delay.p99)},         {"max", us(delay.max)},
          {"pdv_p99", us(delay.pdv_p99)}, {"ipdv_mean", us(delay.ipdv_mean)}};
}

Record known_us(const std::optional<double>& ns) {
  return ns ? Record(us(*ns)) : Record();
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
          {"lost_forward", or_null(loss.forward)},
          {"lost_return", or_null(loss.back)},
          {"lost_last", or_null(loss.last)},
          {"reordered", order.round_trip},
          {"reordered_forward", or_null(order.forward)},
          {"reordered_return", or_null(order.back)},
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

}  // namespace kudp
