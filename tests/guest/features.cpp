// SPDX-License-Identifier: GPL-2.0-only
#include "tests/guest/features.hpp"

#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace kudp::guest {

Device::Device(Where where)
    : name_(where == Where::kHere ? "kudp-s" : "kudp-c"), socket_(udp_socket(where, AF_INET)) {}

void Device::set(const Feature& feature, bool on) const {
  call(feature, feature.set, on);
  if (is_on(feature) != on)
    throw std::runtime_error(std::string(name_) + " does not let " + feature.name + " change");
}

bool Device::call(const Feature& feature, unsigned command, bool value) const {
  ethtool_value argument{command, value};
  ifreq request{};
  std::strcpy(request.ifr_name, name_);
  request.ifr_data = reinterpret_cast<char*>(&argument);
  if (ioctl(socket_.get(), SIOCETHTOOL, &request))
    throw std::system_error(errno, std::generic_category(), feature.name);
  return argument.data;
}

Switched::Switched(const Device& device, const Feature& feature, bool on)
    : device_(device), feature_(feature), was_(device.is_on(feature)) {
  device_.set(feature_, on);
}

WithoutOffloads::WithoutOffloads() {
  for (const Device* device : {&here_, &client_})
    for (const auto& feature : {kReceive, kSegmentation, kReceiveChecksums, kTransmitChecksums})
      switched_.emplace_back(*device, feature, false);
}

WithoutOffloads::~WithoutOffloads() {
  // Backwards: segmentation may want the checksums.
  while (!switched_.empty()) switched_.pop_back();
}

}  // namespace kudp::guest
