// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/wire_times.hpp"

namespace kudp {

void WireTimes::left(std::uint64_t sequence, std::int64_t time) {
  Request& request = at(sequence);
  if (request.sequence != sequence) return;
  request.left = time;
  note(request);
}

void WireTimes::came(std::uint64_t sequence, std::int64_t time, std::int64_t longest) {
  Request& request = at(sequence);
  if (request.sequence != sequence || request.came != 0) return;
  request.came = time;
  request.longest = longest;
  note(request);
}

void WireTimes::note(Request& request) {
  if (request.left == 0 || request.came == 0) return;
  const auto time = request.came - request.left;
  if (time < 0 || time > request.longest)
    ++impossible_;
  else
    times_.record(time);
  request.sequence = kDone;
}

}  // namespace kudp
