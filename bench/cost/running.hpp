// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <stdexcept>
#include <string>

namespace kudp::cost {

// Thrown where this module, program or kernel does not have that server.
struct Unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

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

}  // namespace kudp::cost
