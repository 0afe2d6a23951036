// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "loadgen/output/record.hpp"

namespace kudp {

// What made the records that follow it, when, and on what machine.
Record header_record();

}  // namespace kudp
