// SPDX-License-Identifier: GPL-2.0-only
#pragma once

namespace kudp {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace kudp
