// SPDX-License-Identifier: GPL-2.0-only
// What the devices at both ends of the tests' veth pair do for the stack, switched by ioctl: a
// program takes seconds to start on a debug kernel.
#pragma once

#include <linux/ethtool.h>

#include <list>

#include "loadgen/base/fd.hpp"
#include "tests/guest/network.hpp"

namespace kudp::guest {

// One that ethtool's ioctl has numbers of its own for, to get and to set it.
struct Feature {
  const char* name;
  unsigned get, set;
};
constexpr Feature kTransmitChecksums{"tx-checksumming", ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM};
constexpr Feature kReceiveChecksums{"rx-checksumming", ETHTOOL_GRXCSUM, ETHTOOL_SRXCSUM};
constexpr Feature kScatterGather{"scatter-gather", ETHTOOL_GSG, ETHTOOL_SSG};
constexpr Feature kTcpSegmentation{"tcp-segmentation-offload", ETHTOOL_GTSO, ETHTOOL_STSO};
constexpr Feature kSegmentation{"generic-segmentation-offload", ETHTOOL_GGSO, ETHTOOL_SGSO};
constexpr Feature kReceive{"generic-receive-offload", ETHTOOL_GGRO, ETHTOOL_SGRO};

class Device {
 public:
  explicit Device(Where where);

  const char* name() const { return name_; }
  bool is_on(const Feature& feature) const { return call(feature, feature.get, false); }
  // Throws std::runtime_error if the device does not allow it.
  void set(const Feature& feature, bool on) const;

 private:
  bool call(const Feature& feature, unsigned command, bool value) const;

  const char* name_;
  Fd socket_;
};

// The feature is as it was once this goes.
class Switched {
 public:
  Switched(const Device& device, const Feature& feature, bool on);
  ~Switched() { device_.set(feature_, was_); }
  Switched(const Switched&) = delete;
  Switched& operator=(const Switched&) = delete;

 private:
  const Device& device_;
  const Feature feature_;
  bool was_;
};

// Nothing is left to either device.
class WithoutOffloads {
 public:
  WithoutOffloads();
  ~WithoutOffloads();

 private:
  const Device here_{Where::kHere}, client_{Where::kClient};
  std::list<Switched> switched_;
};

}  // namespace kudp::guest
