// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/cost/network.hpp"
#include "bench/cost/plan.hpp"
#include "bench/cost/running.hpp"

namespace kudp::cost {

// Sends without pause from the client's namespace to where nobody listens. Throws Unavailable or
// std::runtime_error.
std::unique_ptr<RunningServer> start_sender(const Server& sender, const Load& load,
                                            const Network& network);

// What a network device let go.
struct Transmitted {
  std::uint64_t packets = 0;
  std::uint64_t dropped = 0;  // and errors
};

// Of the device, in the text of /proc/net/dev. Throws std::runtime_error if it is not there.
Transmitted transmitted(std::string_view text, std::string_view device);

// What the client's device let go until now, whoever sent it.
class TransmitCounter {
 public:
  explicit TransmitCounter(const Namespace& client);

  Transmitted read() const;

 private:
  Fd file_;
};

}  // namespace kudp::cost
