// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bench/baseline/counters.hpp"
#include "loadgen/base/endpoint.hpp"

namespace kudp::baseline {

// Any server: runs from construction to stop() or destruction, whichever is first.
class Serving {
 public:
  virtual ~Serving() = default;

  virtual const Endpoint& address() const = 0;

  // How it serves, for the line that says it is ready.
  virtual std::string description() const = 0;

  // May be called at any time; counts are final once stop() has returned.
  virtual Totals totals() const = 0;

  // The same of each worker, with its name; none where they are not told apart.
  virtual std::vector<std::pair<std::string, Totals>> shares() const = 0;

  // Ends all workers, also those that wait for a datagram. Requests not yet answered stay so.
  virtual void stop() = 0;
};

}  // namespace kudp::baseline
