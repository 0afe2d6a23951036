// SPDX-License-Identifier: GPL-2.0-only
// What datagrams do while allocations for them are denied.
#pragma once

#include <cstdint>
#include <string>

#include "tests/guest/network.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/send_module.hpp"

namespace kudp::stress {

// A responder and its clients, over IPv4 and IPv6.
class FaultyPath {
 public:
  FaultyPath(const std::string& engine, const std::string& reply,
             const guest::Responder::Settings& more = {});

  // Requests from each client. False if one is neither answered nor under a counter that says why.
  bool ask();
  guest::Counters stats() const { return responder_.stats(); }

  // Whether it answers as if nothing had happened.
  bool recovers();

 private:
  guest::Responder responder_;
  const Fd capture_;
  guest::Client clients_[2];
  const std::string requests_[2];
};

// kudp_send.ko, which sends until it goes.
class FaultySource {
 public:
  explicit FaultySource(const std::string& parameters);

  // Waits until so many more have been sent or have failed; false after 5 s.
  bool goes_on(std::uint64_t more = 1) const;
  std::uint64_t failed() const;

 private:
  guest::SendModule module_;
};

}  // namespace kudp::stress
