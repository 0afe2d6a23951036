// SPDX-License-Identifier: GPL-2.0-only
// The guest of `scripts/vm with`, as seen from its host. Commands go over a virtio console: none of
// it is in the books of its network card.
#pragma once

#include <string>

#include "tests/guest/responder.hpp"

namespace kudp::outside {

using guest::Counters;

// Runs a shell command in the guest; throws if it fails.
void run_in_guest(const std::string& command);
std::string output_of_guest(const std::string& command);

// As long as the object lives: the module, and the target (tests/stress/target.hpp) with the
// guest's network card in it, which takes every frame, for whatever station it is.
class TargetInGuest {
 public:
  TargetInGuest();
  ~TargetInGuest();
  TargetInGuest(const TargetInGuest&) = delete;
  TargetInGuest& operator=(const TargetInGuest&) = delete;
};

// An enabled responder in there.
class ResponderInGuest {
 public:
  explicit ResponderInGuest(const guest::Responder::Settings& settings);
  ~ResponderInGuest();
  ResponderInGuest(const ResponderInGuest&) = delete;
  ResponderInGuest& operator=(const ResponderInGuest&) = delete;
};

struct Readings {
  Counters kernel, responder;

  bool operator==(const Readings&) const = default;
};
Readings read_guest();

}  // namespace kudp::outside
