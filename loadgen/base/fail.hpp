// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace kudp {

// Throws std::system_error: `what`, and what `error`, an errno, means.
[[noreturn]] inline void fail(const std::string& what, int error = errno) {
  throw std::system_error(error, std::generic_category(), what);
}

}  // namespace kudp
