// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <functional>
#include <map>
#include <string>

namespace kudp::stress {

// Objects of the kernel that a responder, or a datagram on its way, takes: UDP sockets in use, and
// the live objects of the slab caches it draws from.
using Objects = std::map<std::string, long>;

// Counts them, after what is freed late (RCU, KASAN's quarantine) has been freed.
Objects count_objects();

// Where `after` has more than `before`: sockets and network namespaces at all, others beyond
// `tolerance`, for objects that the rest of the system takes too. Empty if nowhere.
std::string grown(const Objects& before, const Objects& after, long tolerance);

// The same for what `count` says, again and again until it is empty or 15 counts are done: what is
// freed late, by RCU or a detector's quarantine, may be late.
std::string stays_grown(const Objects& before, long tolerance,
                        const std::function<Objects()>& count = count_objects);

}  // namespace kudp::stress
