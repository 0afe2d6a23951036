// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline/segments.hpp"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace kudp::baseline {
namespace {

// What the kernel allows in one send: UDP_MAX_SEGMENTS of the older kernels, and the most bytes.
constexpr std::size_t kMaxSegments = 64;
constexpr std::size_t kMaxBytes = 65507;

bool same_bytes(const cmsghdr* a, const cmsghdr* b) {
  if (!a || !b) return a == b;
  return a->cmsg_len == b->cmsg_len && std::memcmp(a, b, a->cmsg_len) == 0;
}

}  // namespace

void receive_segments(int socket) {
  const int on = 1;
  if (setsockopt(socket, IPPROTO_UDP, UDP_GRO, &on, sizeof on))
    throw std::system_error(errno, std::generic_category(), "UDP_GRO");
}

void Request::read_control(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_UDP) {
      int size = 0;
      std::memcpy(&size, CMSG_DATA(header), sizeof size);
      if (size > 0) segment = static_cast<std::size_t>(size);
    } else if (header->cmsg_level == IPPROTO_IP || header->cmsg_level == IPPROTO_IPV6) {
      forget_interface(*header);
      asked = header;
    }
  }
}

Replies::Replies(const Reply& reply, in_port_t own_port, bool merge, Counters& counters)
    : reply_(reply),
      own_port_(own_port),
      counters_(counters),
      longest_segment_(merge ? kMaxBytes : 0) {
  const std::size_t length = reply.text.size();
  const std::size_t times =
      length ? std::clamp<std::size_t>(kMaxBytes / length, 1, kMaxSegments) : 0;
  for (std::size_t i = 0; i < times; ++i) texts_ += reply.text;
}

void Replies::clear() {
  sends_.clear();
  iovecs_.clear();
}

void Replies::add(const Request& request) {
  const std::size_t count = request.count();
  counters_.received.add(count);
  const std::size_t last = request.bytes - (count - 1) * request.segment;
  const Verdict verdict = judge(reply_, last, request.source->port(), own_port_);
  if (verdict.decision == Decision::answer) {
    if (reply_.kind == ReplyKind::text) return append_texts(request, count);
    if (count == 1 || may_segment(request.segment))
      return append(request, request.data, request.bytes, request.segment);
    for (std::size_t at = 0; at < request.bytes; at += request.segment) {
      const std::size_t bytes = std::min(request.segment, request.bytes - at);
      append(request, request.data + at, bytes, bytes);
    }
  } else if (verdict.decision == Decision::refuse) {
    // A text too long for the last segment, the shortest, may not be for those before it.
    const bool each = verdict.refusal == Refusal::amplification && count > 1 &&
                      reply_.text.size() <= request.segment;
    counters_.refuse(verdict.refusal, each ? 1 : count);
    if (each) append_texts(request, count - 1);
  }
}

void Replies::append_texts(const Request& request, std::size_t count) {
  const std::size_t length = reply_.text.size();
  const bool merge = length && may_segment(length);
  const std::size_t most = merge ? texts_.size() / length : 1;
  while (count) {
    const std::size_t times = std::min(count, most);
    append(request, texts_.data(), times * length, length);
    count -= times;
  }
}

void Replies::append(const Request& request, char* data, std::size_t bytes, std::size_t segment) {
  const std::size_t count = bytes <= segment ? 1 : (bytes + segment - 1) / segment;
  if (joins(request, bytes, segment)) {
    Send& send = sends_.back();
    if (reply_.kind == ReplyKind::text)
      iovecs_.back().iov_len += bytes;  // texts_ goes on with the same
    else
      iovecs_.push_back({data, bytes});
    send.bytes += bytes;
    send.count += count;
    send.open = bytes == count * send.segment;
    return;
  }
  sends_.push_back({request.source, request.source_length, request.asked, segment, bytes, count,
                    iovecs_.size(), bytes == count * segment});
  iovecs_.push_back({data, bytes});
}

bool Replies::may_segment(std::size_t segment) const {
  return segment <= longest_segment_;
}

// Single datagrams are not merged: their receiver, if it does not use UDP_GRO, has to cut the
// segments apart again, which measured 8 % more instructions a request than sending them one by
// one.
bool Replies::joins(const Request& request, std::size_t bytes, std::size_t segment) const {
  if (sends_.empty() || bytes <= segment) return false;
  const Send& send = sends_.back();
  if (!send.open || send.count == 1 || send.segment != segment) return false;
  const std::size_t count = (bytes + segment - 1) / segment;
  return send.count + count <= kMaxSegments && send.bytes + bytes <= kMaxBytes &&
         send.source_length == request.source_length &&
         std::memcmp(send.source, request.source, send.source_length) == 0 &&
         same_bytes(send.asked, request.asked);
}

std::size_t Replies::iovecs_end(std::size_t index) const {
  return index + 1 < sends_.size() ? sends_[index + 1].first : iovecs_.size();
}

void Replies::write_control(std::size_t index, msghdr& message) {
  const Send& send = sends_[index];
  char* const begin = controls_[index].bytes;
  char* end = begin;
  if (send.asked) {
    std::memcpy(end, send.asked, send.asked->cmsg_len);
    end += CMSG_ALIGN(send.asked->cmsg_len);
  }
  if (send.count > 1) {
    auto* const header = reinterpret_cast<cmsghdr*>(end);
    *header = {CMSG_LEN(sizeof(std::uint16_t)), IPPROTO_UDP, UDP_SEGMENT};
    const auto size = static_cast<std::uint16_t>(send.segment);
    std::memcpy(CMSG_DATA(header), &size, sizeof size);
    end += CMSG_SPACE(sizeof size);
  }
  message.msg_control = end == begin ? nullptr : begin;
  message.msg_controllen = static_cast<std::size_t>(end - begin);
}

std::span<mmsghdr> Replies::seal() {
  if (messages_.size() < sends_.size()) {
    messages_.resize(sends_.size());
    controls_.resize(sends_.size());
  }
  for (std::size_t i = 0; i < sends_.size(); ++i) {
    const Send& send = sends_[i];
    msghdr& message = messages_[i].msg_hdr;
    message.msg_name = send.source;
    message.msg_namelen = send.source_length;
    message.msg_iov = &iovecs_[send.first];
    message.msg_iovlen = iovecs_end(i) - send.first;
    write_control(i, message);
  }
  return {messages_.data(), sends_.size()};
}

void Replies::sent(std::size_t first, std::size_t last) {
  std::size_t count = 0;
  for (std::size_t i = first; i < last; ++i) count += sends_[i].count;
  counters_.answered.add(count);
}

// A device that leaves checksums to the CPU takes no segments at all, a narrow path only short
// ones.
void Replies::learn(const Send& send, int error) {
  if (error == EIO) longest_segment_ = 0;
  if (error == EINVAL || error == EMSGSIZE)
    longest_segment_ = std::min(longest_segment_, send.segment - 1);
}

void Replies::failed(std::size_t index, int error, int socket) {
  Send& send = sends_[index];
  const std::size_t end = iovecs_end(index), count = std::exchange(send.count, 0);
  if (count == 1 && error != EAGAIN) return counters_.send_errors.add(1);
  if (count > 1) learn(send, error);
  msghdr message{send.source, send.source_length, nullptr, 1, nullptr, 0, 0};
  write_control(index, message);
  std::size_t answered = 0;
  for (std::size_t i = send.first; i < end; ++i) {
    const iovec whole = iovecs_[i];
    std::size_t at = 0;
    do {
      iovec one{static_cast<char*>(whole.iov_base) + at,
                std::min(send.segment, whole.iov_len - at)};
      message.msg_iov = &one;
      answered += sendmsg(socket, &message, 0) >= 0;
      at += send.segment;
    } while (at < whole.iov_len);
  }
  counters_.answered.add(answered);
  if (answered < count) counters_.send_errors.add(count - answered);
}

}  // namespace kudp::baseline
