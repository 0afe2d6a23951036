// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kudp::profile {

// In words, the stage that differs most first: "queue: kthread 120 ns, recvmmsg 3,400 ns: 28
// times".
std::string compare_text(const std::vector<nlohmann::ordered_json>& a,
                         const std::vector<nlohmann::ordered_json>& b);

// The same of two files, stages.json of a profile each, to stdout.
int compare(const std::string& a, const std::string& b);

}  // namespace kudp::profile
