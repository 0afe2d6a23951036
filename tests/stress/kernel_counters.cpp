// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/kernel_counters.hpp"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cstring>
#include <functional>
#include <sstream>
#include <system_error>

#include "tests/guest/network.hpp"
#include "tests/guest/system.hpp"

namespace kudp::stress {
namespace {

using guest::read_file;

// Pairs of lines, "Ip: NAME NAME" and "Ip: 1 2".
void read_pairs(const std::string& text, Counters& counters) {
  std::istringstream lines(text);
  std::string names, values;
  while (std::getline(lines, names) && std::getline(lines, values)) {
    std::istringstream name_words(names), value_words(values);
    std::string protocol, name;
    name_words >> protocol;
    value_words >> protocol;
    protocol.back() = '.';
    for (long long value; name_words >> name && value_words >> value;)
      counters[protocol + name] = value;
  }
}

// A line for each CPU, in hexadecimal, below the names.
void read_columns(const std::string& text, const std::string& prefix, Counters& counters) {
  std::istringstream lines(text);
  std::string line, name;
  std::getline(lines, line);
  std::istringstream words(line);
  std::vector<std::string> names;
  while (words >> name) names.push_back(prefix + name);
  while (std::getline(lines, line)) {
    std::istringstream row(line);
    std::uint64_t value;
    for (const auto& each : names)
      if (row >> std::hex >> value) counters[each] += value;
  }
}

void read_list(const std::string& text, Counters& counters) {
  std::istringstream words(text);
  std::string name;
  for (std::uint64_t value; words >> name >> value;) counters[name] = value;
}

// The one attribute that was asked for.
rtnl_link_stats64 statistics_in(const nlmsghdr* answer) {
  rtnl_link_stats64 statistics{};
  const char* const attribute =
      reinterpret_cast<const char*>(answer) + NLMSG_SPACE(sizeof(if_stats_msg));
  rtattr header;
  std::memcpy(&header, attribute, sizeof header);
  std::memcpy(&statistics, attribute + RTA_LENGTH(0),
              std::min<std::size_t>(sizeof statistics, header.rta_len - RTA_LENGTH(0)));
  return statistics;
}

// In the namespace `netns`, or here.
void in(const std::string& netns, const std::function<void()>& what) {
  netns.empty() ? what() : guest::in_namespace(netns, what);
}

}  // namespace

Counters protocol_counters() {
  Counters counters;
  for (const char* const list : {"snmp", "netstat"})
    read_pairs(read_file(std::string("/proc/thread-self/net/") + list), counters);
  return counters;
}

KernelCounters::KernelCounters(const std::string& netns, const std::vector<std::string>& devices)
    : netns_(netns) {
  in(netns, [&] {
    route_ = Fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    for (const auto& device : devices) indices_[device] = if_nametoindex(device.c_str());
  });
}

Counters KernelCounters::read_device(const std::string& device) const {
  struct {
    nlmsghdr header;
    if_stats_msg what;
  } request{};
  request.header = {sizeof request, RTM_GETSTATS, NLM_F_REQUEST, 0, 0};
  request.what.ifindex = indices_.at(device);
  request.what.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  alignas(nlmsghdr) char answer[1024];
  if (send(route_.get(), &request, sizeof request, 0) < 0 ||
      recv(route_.get(), answer, sizeof answer, 0) < 0)
    throw std::system_error(errno, std::generic_category(), "netlink");
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer);
  if (header->nlmsg_type != RTM_NEWSTATS) throw std::runtime_error("no device " + device);
  const auto statistics = statistics_in(header);
  return {{device + ".rx_packets", statistics.rx_packets},
          {device + ".tx_packets", statistics.tx_packets},
          {device + ".rx_dropped", statistics.rx_dropped},
          {device + ".tx_dropped", statistics.tx_dropped},
          {device + ".rx_length_errors", statistics.rx_length_errors},
          {device + ".rx_frame_errors", statistics.rx_frame_errors},
          {device + ".rx_otherhost_dropped", statistics.rx_otherhost_dropped}};
}

Counters KernelCounters::read() const {
  Counters counters;
  in(netns_, [&] {
    const std::string net = "/proc/thread-self/net/";
    counters = protocol_counters();
    read_list(read_file(net + "snmp6"), counters);
    read_columns(read_file(net + "stat/rt_cache"), "rt_cache.", counters);
  });
  for (const auto& [device, index] : indices_) counters.merge(read_device(device));
  return counters;
}

}  // namespace kudp::stress
