// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

namespace kudp::stress {

// What a frame has that the kernel is known to drop without a counter, or to count twice. It is
// said of the bytes as they are sent: a mutation may have made it, or something earlier may drop
// it.
struct Traits {
  bool short_tag = false;      // a VLAN tag that the frame ends in
  bool multicast4 = false;     // to a group
  bool source_route4 = false;  // an option that says the way
  bool multicast6 = false;
  bool segment_routing6 = false;  // a routing header of type 3 or 4
  bool fragment6 = false;
  bool other_protocol = false;  // IP, but not UDP
  bool to_several = false;      // to a group, or what may be a subnet's broadcast address
  bool from_all = false;        // from what may be one
  bool no_header = false;       // IP without so much as its header, which GRO's count leaves out
  bool astray = false;          // for another station than `mac`, or of a VLAN
};
Traits traits_of(const std::string& bytes, const std::string& mac);

}  // namespace kudp::stress
