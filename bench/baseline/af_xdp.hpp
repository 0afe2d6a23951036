// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <memory>

#include "bench/baseline/device_options.hpp"
#include "bench/baseline/serving.hpp"

namespace kudp::baseline {

// Answers from AF_XDP sockets, one for each queue of the device. Throws std::runtime_error.
std::unique_ptr<Serving> start_af_xdp(const DeviceOptions& options);

}  // namespace kudp::baseline
