// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "bench/cost/network.hpp"
#include "bench/cost/plan.hpp"
#include "loadgen/base/fd.hpp"

namespace kudp::cost {

// Datagrams that wait in a socket nobody reads, for as long as it lives.
//
// What the guest did before leaves the kernel's slabs partly filled, and how often a burst has to
// change from one slab to the next depends on it: up to 70 instructions per request, the same in
// all of a run and different in the next. These datagrams take what was free in those slabs, so
// that the measured ones come from fresh ones.
class Ballast {
 public:
  Ballast(const Load& load, const Namespace& where);

 private:
  Fd receiver_;
  Fd sender_;
};

}  // namespace kudp::cost
