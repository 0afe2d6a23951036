// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "bench/cost/cell.hpp"
#include "bench/cost/network.hpp"

namespace kudp::cost {

// Starts the server, has it answer for so many instructions after a warm-up of twice as many, stops
// it and adds a pass to the cell, or the reason why it could not be measured.
//
// The warm-up is that long because a server's cost can change when the scheduler's averages have
// settled, which takes some 200 ms of its time: before, one that is woken for each datagram may run
// in batches that it never forms again.
void measure(Cell& cell, std::int64_t instructions, const Network& network);

}  // namespace kudp::cost
