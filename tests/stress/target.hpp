// SPDX-License-Identifier: GPL-2.0-only
// What hostile frames are sent to: a namespace with one responder, in this machine or in another.
//
//   namespace kudp-target: the responder
//   198.18.5.1/28, fd00:6b75:6470:5::1/124
//   +------------------------------------+
//   | kudp-t                             |  default route: 198.18.5.9, fd00:6b75:6470:5::9,
//   +------------------------------------+  both at 02:00:00:00:00:09
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"
#include "tests/stress/frame.hpp"

namespace kudp::stress {

inline constexpr char kTarget[] = "kudp-target", kInDevice[] = "kudp-t";
inline constexpr int kPort = 9000;

// Runs a shell command in the machine with the target; throws if it fails.
using Run = std::function<void(const std::string&)>;

// A namespace that sends nothing unasked, as that would be in the books.
void make_silent_namespace(const std::string& name, const Run& run = guest::run);

// Its addresses, once kInDevice is in there.
void set_up_target(const Run& run = guest::run);

// Sets that of kInDevice; from 1280 on, with all that IPv6 forgot below that.
void set_mtu(unsigned mtu, const Run& run = guest::run);

// For a kInDevice with the hardware address `mac`.
Target target_at(const std::string& mac);

// The ways to receive and turn around.
struct Variant {
  const char* name;
  guest::Responder::Settings settings;
  // Counters that what it is there for moves.
  std::vector<std::string> meets = {"answered"};

  bool has_gro() const { return settings.back().first == "gro"; }
};
inline void PrintTo(const Variant& variant, std::ostream* out) {
  *out << variant.name;
}
inline const Variant kVariants[] = {
    {"classic", {{"engine", "classic"}}},
    {"kthread", {{"engine", "kthread"}}},
    {"softirq", {{"engine", "softirq"}}},
    {"softirq_link", {{"engine", "softirq"}, {"turnaround", "link"}}},
    {"kthread_gro", {{"engine", "kthread"}, {"gro", "1"}}},
    {"softirq_gro", {{"engine", "softirq"}, {"gro", "1"}}},
};

// The other replies, and all that the guard and the log may look at, at rates that the slowest of
// machines exceeds.
inline const Variant kOtherVariants[] = {
    {"link_text",
     {{"engine", "softirq"},
      {"turnaround", "link"},
      {"reply", "text"},
      {"text", std::string(300, 't')},
      {"amplify", "1"}}},
    {"kthread_stamp",
     {{"engine", "kthread"}, {"reply", "stamp"}, {"stateful", "1"}, {"amplify", "1"}},
     {"answered", "stamp_sessions"}},
    {"softirq_guarded",
     {{"engine", "softirq"},
      {"log", "1"},
      {"allow", "198.18.5.8/29 64.0.0.0/2 fd00:6b75:6470:5::8/125 2000::/3"},
      {"rate", "9"},
      {"rate_prefix", "6"}},
     {"answered", "not_allowed", "rate", "rate_prefix"}},
};

// Its settings, with address and port.
guest::Responder::Settings settings_of(const Variant& variant);

}  // namespace kudp::stress
