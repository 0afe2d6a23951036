// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/profile/event.hpp"
#include "bench/profile/stages.hpp"

namespace kudp::profile {

// Chrome's trace format, which Perfetto and speedscope open: who had the CPUs, functions by thread,
// requests with their stages.
class Chrome {
 public:
  void add(const Event& event);
  void add(const Request& request);

  // Throws std::runtime_error.
  void write(const std::string& path) const;

 private:
  void span(const char* phase, const Event& event, int process, int thread, std::string name);

  nlohmann::ordered_json events_ = nlohmann::ordered_json::array();
  std::map<int, std::pair<std::string, std::int64_t>> running_;  // by CPU: what, since when
  std::size_t requests_ = 0;
};

}  // namespace kudp::profile
