// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/attacker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "tests/guest/network.hpp"
#include "tests/guest/system.hpp"
#include "tests/stress/traits.hpp"

namespace kudp::stress {
namespace {

using guest::in_namespace;
using guest::run;

}  // namespace

World::World() {
  for (const std::string name : {kOutside, kTarget}) make_silent_namespace(name);
  run("ip netns exec kudp-outside sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
  run("ip link add kudp-o netns kudp-outside type veth peer name kudp-t address "
      "02:00:00:00:00:01 "
      "netns kudp-target");
  run("ip -n kudp-outside link set kudp-o mtu 65535 up");
  // Not the outside device's own address, so that its namespace takes no interest in answers.
  set_up_target();
}

World::~World() {
  run("ip netns delete kudp-outside");
  run("ip netns delete kudp-target");
}

Attacker::Attacker() : counters_(kOutside, {kOutDevice}) {
  in_namespace(kOutside, [&] { socket_ = std::make_unique<FrameSocket>(kOutDevice); });
}

void Attacker::send(const Frame& frame) {
  if (frame.is_super_packet()) return send_super_packet(frame);
  device_.reset();
  switch (socket_->send(frame)) {
    case 0:
      break;
    case ENOBUFS:
      ++sent_.not_forwarded;
      break;
    case ENOMEM:
      ++sent_.not_cut;
      break;
    default:
      ++sent_.refused;
      return;
  }
  ++sent_.frames;
  sent_.add(traits_of(frame.bytes, kTargetMac));
}

// It goes whole, is cut up here, or dropped; how often which, the device says.
void Attacker::send_super_packet(const Frame& frame) {
  if (!device_) device_ = counters_.read_device(kOutDevice);
  const int error = socket_->send(frame);
  if (error && error != ENOBUFS && error != ENOMEM) {
    ++sent_.refused;
    return;
  }
  const Counters before = *std::exchange(device_, counters_.read_device(kOutDevice));
  Counters grown = growth(before, *device_);
  const auto passed = grown[std::string(kOutDevice) + ".tx_packets"];
  const auto dropped = grown[std::string(kOutDevice) + ".tx_dropped"];
  EXPECT_GE(passed + dropped, 1u) << "a super-packet vanished on its way out";
  ++sent_.frames;
  sent_.cut += passed + dropped - 1;
  (error == ENOMEM ? sent_.not_cut : sent_.not_forwarded) += dropped;
  ++sent_.super_packets;
  Traits traits = traits_of(frame.bytes, kTargetMac);
  traits.fragment6 |= passed + dropped > 1;  // what became of it may be fragments
  const auto datagrams = frame.bytes.size() / std::max<unsigned>(1, frame.offload->segment) + 1;
  for (auto n = passed; n > 0; --n) sent_.add(traits, n == 1 ? datagrams : 1);
}

}  // namespace kudp::stress
