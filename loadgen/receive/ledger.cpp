// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/receive/ledger.hpp"

namespace kudp {

void Ledger::left(const Departures::Departure& departure) {
  const auto [seen, card] = departure.left;
  if (card != 0) wire_.left(departure.sequence, card);
  if (seen == 0) return;
  if (const auto sent = outstanding_.sent_at(departure.sequence); sent && measuring_)
    transmit_path_.record(seen - *sent);
}

void Ledger::note_mismatch(Payload::Match match) {
  auto& count = match == Payload::Match::corrupt ? noticed_.corrupt : noticed_.foreign;
  count += measuring_;
}

Counts Ledger::counts() const {
  Counts counts = outstanding_.counts();
  counts += noticed_;
  return counts;
}

}  // namespace kudp
