// SPDX-License-Identifier: GPL-2.0-only
#include "tests/outside/tap.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "tests/guest/system.hpp"

namespace kudp::outside {
namespace {

const std::string kName = kTap;

// Of those the tap has room for 1,000 (its txqueuelen), so that it drops none.
constexpr std::uint64_t kOnTheWay = 300;

Fd capture_of(const char* device) {
  Fd fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll all{};
  all.sll_family = AF_PACKET;
  all.sll_protocol = htons(0x0003);  // ETH_P_ALL
  all.sll_ifindex = if_nametoindex(device);
  const int bytes = 256 << 20;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) ||
      bind(fd.get(), reinterpret_cast<const sockaddr*>(&all), sizeof all))
    throw std::system_error(errno, std::generic_category(), device);
  return fd;
}

std::uint64_t gone_from(const stress::Counters& counters) {
  return counters.at(kName + ".tx_packets") + counters.at(kName + ".tx_dropped");
}

}  // namespace

void silence_tap() {
  guest::run("ip address flush dev tap0 && ip link set tap0 arp off mtu 65521");
  if (guest::write_file("/proc/sys/net/ipv6/conf/tap0/disable_ipv6", "1"))
    throw std::runtime_error("cannot switch off IPv6 on tap0");
}

Tap::Tap(const stress::Target& target)
    : target_(target), capture_(capture_of(kTap)), room_(1 << 17, '\0'), answers_(target) {
  forget();
}

void Tap::forget() {
  look();
  sent_ = {};
  answers_ = Answers(target_);
  begun_with_ = gone_from(counters());
  handed_ = unseen_ = 0;
}

void Tap::look() {
  for (const auto& traits : pass()) sent_.add(traits);
  tpacket_stats seen{};
  socklen_t size = sizeof seen;
  if (getsockopt(capture_.get(), SOL_PACKET, PACKET_STATISTICS, &seen, &size) || seen.tp_drops)
    throw std::runtime_error("the capture lost frames");
}

// Sees all that the capture holds; returns what went out.
std::vector<stress::Traits> Tap::pass() {
  std::vector<stress::Traits> out;
  sockaddr_ll where{};
  socklen_t size = sizeof where;
  for (ssize_t length; (length = recvfrom(capture_.get(), room_.data(), room_.size(), MSG_DONTWAIT,
                                          reinterpret_cast<sockaddr*>(&where), &size)) >= 0;
       size = sizeof where) {
    const std::string frame = room_.substr(0, length);
    if (where.sll_pkttype != PACKET_OUTGOING) {
      answers_.came(frame);
      continue;
    }
    out.push_back(stress::traits_of(frame, target_.mac));
    answers_.asked(frame);
  }
  if (errno != EAGAIN) throw std::system_error(errno, std::generic_category(), "capture");
  return out;
}

void Tap::wait_for_the_card() {
  if (++unseen_ < 64) return;
  unseen_ = 0;
  for (int i = 0; i < 60'000; ++i) {
    if (handed_ <= gone_from(counters()) - begun_with_ + kOnTheWay) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  throw std::runtime_error("the guest takes no more frames");
}

// A super-packet goes as it is, or in pieces, or is dropped: what the capture sees of it tells.
void Tap::send(const stress::Frame& frame) {
  wait_for_the_card();
  const int error = socket_.send(frame);
  if (error && error != ENOBUFS && error != ENOMEM) {
    ++sent_.refused;
    return;
  }
  const bool is_super = frame.is_super_packet();
  const auto out = pass();
  EXPECT_TRUE(is_super || out.size() <= 1) << "somebody else sends to the tap";
  const bool is_whole = is_super && out.size() == 1;
  const std::uint64_t datagrams =
      is_whole ? frame.bytes.size() / std::max<unsigned>(1, frame.offload->segment) + 1 : 1;
  for (const auto& traits : out) sent_.add(traits, datagrams);
  const std::uint64_t became = std::max<std::size_t>(out.size(), 1);
  ++sent_.frames;
  sent_.super_packets += is_whole;
  sent_.cut += became - 1;
  handed_ += became;
}

}  // namespace kudp::outside
