// SPDX-License-Identifier: GPL-2.0-only
//
// The strong server with super-packets: datagrams of one flow that the kernel merged arrive as one
// message and are answered by one.
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "bench/baseline/buffers.hpp"
#include "bench/baseline/engine.hpp"
#include "bench/baseline/segments.hpp"

namespace kudp::baseline {
namespace {

// What the header of one message received points to.
struct alignas(kCacheLine) Slot {
  Source source;
  iovec request;
  Control control;
};

class RecvmmsgGroEngine final : public Engine {
 public:
  explicit RecvmmsgGroEngine(const Service& service)
      : service_(service),
        buffers_(service.batch),
        slots_(service.batch),
        messages_(service.batch),
        replies_(service.reply, service.own_port, service.segments, service.counters) {
    if (service.segments) receive_segments(service.socket);
    for (unsigned i = 0; i < service_.batch; ++i) {
      slots_[i].request = {buffers_[i], kMaxDatagram};
      msghdr& header = messages_[i].msg_hdr;
      header.msg_name = &slots_[i].source;
      header.msg_iov = &slots_[i].request;
      header.msg_iovlen = 1;
      header.msg_control = &slots_[i].control;
      rearm(header);
    }
  }

  void run() override {
    for (;;) {
      const int taken =
          recvmmsg(service_.socket, messages_.data(), service_.batch, MSG_WAITFORONE, nullptr);
      if (service_.stopped()) return;
      if (taken < 0) {
        if (errno != EINTR) service_.counters.receive_errors.add(1);
        continue;
      }
      replies_.clear();
      for (unsigned i = 0; i < static_cast<unsigned>(taken); ++i) {
        msghdr& header = messages_[i].msg_hdr;
        const std::size_t bytes = messages_[i].msg_len;
        Request request{&slots_[i].source, header.msg_namelen, buffers_[i], bytes, bytes, nullptr};
        if (header.msg_controllen) request.read_control(header);
        replies_.add(request);
        rearm(header);
      }
      send();
    }
  }

 private:
  // Restores the lengths that the kernel overwrote with those of what it received.
  static void rearm(msghdr& header) {
    header.msg_namelen = sizeof(Source);
    header.msg_controllen = sizeof(Control);
  }

  void send() {
    const auto messages = replies_.seal();
    std::size_t next = 0;
    while (next < messages.size() && !service_.stopped()) {
      const auto rest = static_cast<unsigned>(messages.size() - next);
      const int sent = sendmmsg(service_.socket, &messages[next], rest, 0);
      if (sent > 0) {
        replies_.sent(next, next + static_cast<unsigned>(sent));
        next += static_cast<unsigned>(sent);
      } else if (errno != EINTR) {
        // An error always is the first message's own: see to it, and go on with those behind it.
        replies_.failed(next++, errno, service_.socket);
      }
    }
  }

  const Service service_;
  const Buffers buffers_;
  std::vector<Slot> slots_;
  std::vector<mmsghdr> messages_;
  Replies replies_;
};

}  // namespace

std::unique_ptr<Engine> make_recvmmsg_gro_engine(const Service& service) {
  return std::make_unique<RecvmmsgGroEngine>(service);
}

}  // namespace kudp::baseline
