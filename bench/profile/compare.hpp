// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kudp::profile {

// In words: how long a request takes each and what it costs, the stages that differ most first, and
// the functions whose own time does.
std::string compare_text(const std::vector<nlohmann::ordered_json>& a,
                         const std::vector<nlohmann::ordered_json>& b);

// The same of two files, profile.json of a profile each, to stdout.
int compare(const std::string& a, const std::string& b);

}  // namespace kudp::profile
