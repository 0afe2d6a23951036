// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <random>
#include <string>
#include <vector>

namespace kudp::stress {

// The attributes of a responder that can be written, as configfs shows them.
std::vector<std::string> writable_attributes();

// Something to write to `attribute`: often what it takes, else what no attribute should.
std::string some_value(const std::string& attribute, std::mt19937& random);

}  // namespace kudp::stress
