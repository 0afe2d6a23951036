// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/send/packet_sender.hpp"

#include <fmt/format.h>
#include <linux/if_packet.h>

#include <algorithm>
#include <span>
#include <utility>

#include "loadgen/base/fail.hpp"
#include "loadgen/base/socket.hpp"
#include "loadgen/send/frame_probe.hpp"

namespace kudp {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr int kBufferBytes = 8 << 20;

Fd open_sending_socket(int device) {
  Fd socket = open_packet_socket(0);
  set_option(socket.get(), SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
  set_send_buffer(socket.get(), kBufferBytes);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = device;
  if (bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address))
    fail("bind to the device");
  return socket;
}

}  // namespace

PacketSender::PacketSender(std::vector<Flow> flows, const Payload& payload, std::size_t burst,
                           const Endpoint& target)
    : Sender(std::move(flows)), payload_(payload) {
  FrameProbe probe(payload, target);
  int device = 0;
  for (const Flow& flow : flows_) {
    FrameHeaders found = probe.send_by(flow);
    if (device != 0 && found.device != device)
      refuse_frames(fmt::format("{} is reached by more than one device", target.str()));
    device = found.device;
    headers_.push_back(std::move(found.bytes));
  }
  socket_ = open_sending_socket(device);

  const std::size_t length = headers_.at(0).size() + payload.size();
  stride_ = (Frame::kAlign + length + kCacheLine - 1) / kCacheLine * kCacheLine;
  bytes_.resize(burst * stride_);
  slices_.resize(burst);
  messages_.resize(burst);
  for (std::size_t i = 0; i < burst; ++i) {
    payload.fill(reinterpret_cast<std::byte*>(frame(i) + length - payload.size()));
    slices_[i] = {frame(i), length};
    messages_[i].msg_hdr.msg_iov = &slices_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

int PacketSender::put(std::size_t flow, std::size_t count, std::uint64_t first) {
  take_refusal(flows_[flow]);
  write(flow, count, first);
  return sendmmsg(socket_.get(), messages_.data(), static_cast<unsigned>(count), 0);
}

// The target refuses what it cannot tell from the flow's own datagrams, and the flow knows.
void PacketSender::take_refusal(const Flow& flow) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(flow.socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (is_refusal(error)) note_refusal();
}

void PacketSender::write(std::size_t flow, std::size_t count, std::uint64_t first) {
  const auto& headers = headers_[flow];
  for (std::size_t i = 0; i < count; ++i)
    std::ranges::copy(std::as_bytes(std::span(headers)), reinterpret_cast<std::byte*>(frame(i)));
  payload_.stamp(reinterpret_cast<std::byte*>(frame(0) + headers.size()), count, stride_,
                 flows_[flow].id, first);
  for (std::size_t i = 0; i < count; ++i) Frame(frame(i)).seal();
}

}  // namespace kudp
