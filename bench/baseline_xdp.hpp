// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <memory>

#include "bench/baseline_device_options.hpp"
#include "bench/baseline_serving.hpp"

namespace kudp::baseline {

// Has an XDP program turn requests round; the process only waits. Throws std::runtime_error.
std::unique_ptr<Serving> start_xdp(const DeviceOptions& options);

}  // namespace kudp::baseline
