// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kudp::profile {

using Json = nlohmann::ordered_json;

// Of a file of JSON lines. Throws std::runtime_error that names the line.
std::vector<Json> read_records(const std::string& path);

// Reads record.json, trace.dat and functions.dat of a folder, writes stages.json, profile.json,
// request.txt, stacks.txt and chrome.json there and prints the stages. Returns 3 where something
// was missing. profile.json says what, and where tracing changed the picture.
int report(const std::string& folder);

}  // namespace kudp::profile
