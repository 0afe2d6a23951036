// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "bench/cost_network.hpp"
#include "bench/cost_plan.hpp"

namespace kudp::cost {

// Thrown where this module, program or kernel does not have that server.
struct Unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr int kServerPort = 9000;

// A server that answers in the server's namespace for as long as it lives, or a sender that sends
// from the client's.
class RunningServer {
 public:
  virtual ~RunningServer() = default;

  // How it was configured.
  virtual std::string config() const = 0;

  // Ends it. Throws std::runtime_error if it did not live until now, or ended badly.
  virtual void stop() = 0;
};

// Returns once it answers, or is about to send. Throws Unavailable or std::runtime_error, with the
// server's last words.
std::unique_ptr<RunningServer> start(const Server& server, const Load& load,
                                     const Network& network);

// Loads the kernel module if it is not loaded yet.
void load_module();

}  // namespace kudp::cost
