// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <memory>

#include "bench/baseline/device_options.hpp"
#include "bench/baseline/serving.hpp"

namespace kudp::baseline {

// Have an XDP program, or one at tc's ingress, turn requests round; the process only waits. Throw
// std::runtime_error.
std::unique_ptr<Serving> start_xdp(const DeviceOptions& options);
std::unique_ptr<Serving> start_tc(const DeviceOptions& options);

}  // namespace kudp::baseline
