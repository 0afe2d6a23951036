// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/stress/frame.hpp"

namespace kudp::outside {

// What was asked and what came back: no answer without a request, none longer than it, none for a
// group. For a responder that echoes.
class Answers {
 public:
  explicit Answers(const stress::Target& target) : target_(&target) {}

  void asked(const std::string& frame);
  void came(const std::string& frame);

  std::uint64_t answers() const { return answers_; }  // of fragments, the first
  std::uint64_t others() const { return others_; }    // errors, what looks for neighbours, the rest
  // Requests whose answers need not come back: not from where all answers are sent.
  std::uint64_t from_nowhere() const { return from_nowhere_; }
  // What was wrong with the first answer that should not be.
  const std::string& wrong() const { return wrong_; }

 private:
  void check(const std::string& frame, const std::string& to, std::size_t length, std::size_t end);

  const stress::Target* target_;
  std::map<std::string, std::size_t> longest_;  // request, by the address and port it is from
  std::uint64_t answers_ = 0, others_ = 0, from_nowhere_ = 0;
  std::string wrong_;
};

}  // namespace kudp::outside
