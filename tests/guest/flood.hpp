// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/guest/network.hpp"

namespace kudp::guest {

// Clients that keep sending, whoever listens, until the object goes.
class Flood {
 public:
  Flood(Where where, const std::string& target, unsigned clients = 2);
  ~Flood();
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  std::uint64_t replies() const { return replies_; }

  // True once `more` further replies came; waits a minute at most.
  bool flows(std::uint64_t more = 50) const;

  // Clients that neither send nor receive; when suspend() returns, the last has stopped.
  void suspend();
  void resume();

  // Takes what waits at the suspended clients, and forgets it.
  void drain();

 private:
  void run(Client& client);

  std::atomic<bool> stop_ = false;
  std::atomic<bool> suspended_ = false;
  std::atomic<unsigned> asleep_ = 0;
  std::atomic<std::uint64_t> replies_ = 0;
  std::vector<Client> clients_;
  std::vector<std::thread> threads_;
};

}  // namespace kudp::guest
