// SPDX-License-Identifier: GPL-2.0-only
//
// The strong server: takes all that has arrived with one system call and answers it with another.
// Per datagram it allocates nothing, takes no lock, reads no clock, and writes only its own memory.
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "bench/baseline/buffers.hpp"
#include "bench/baseline/engine.hpp"
#include "bench/baseline/message.hpp"

namespace kudp::baseline {
namespace {

// What the headers of one datagram, request and reply, point to: two cache lines.
struct alignas(kCacheLine) Slot {
  Source source;
  iovec request;
  iovec reply;
  AskedAddress asked;
};

class RecvmmsgEngine final : public Engine {
 public:
  explicit RecvmmsgEngine(const Service& service)
      : service_(service),
        buffers_(service.batch),
        slots_(service.batch),
        requests_(service.batch),
        replies_(service.batch) {
    const Reply& reply = service_.reply;
    for (unsigned i = 0; i < service_.batch; ++i) {
      slots_[i].request = {buffers_[i], kMaxDatagram};
      slots_[i].reply = {buffers_[i], 0};
      if (reply.kind == ReplyKind::text)
        slots_[i].reply = {const_cast<char*>(reply.text.data()), reply.text.size()};
      requests_[i].msg_hdr.msg_name = &slots_[i].source;
      requests_[i].msg_hdr.msg_iov = &slots_[i].request;
      requests_[i].msg_hdr.msg_iovlen = 1;
      if (service_.wildcard) requests_[i].msg_hdr.msg_control = &slots_[i].asked;
      rearm(i);
    }
  }

  void run() override {
    Counters& counters = service_.counters;
    for (;;) {
      const int taken =
          recvmmsg(service_.socket, requests_.data(), service_.batch, MSG_WAITFORONE, nullptr);
      if (service_.stopped()) return;
      if (taken < 0) {
        if (errno != EINTR) counters.receive_errors.add(1);
        continue;
      }
      const auto received = static_cast<unsigned>(taken);
      counters.received.add(received);

      unsigned replies = 0;
      for (unsigned i = 0; i < received; ++i) {
        const Verdict verdict =
            judge(service_.reply, requests_[i].msg_len, slots_[i].source.port(), service_.own_port);
        if (verdict.decision == Decision::answer)
          compose(i, replies++);
        else if (verdict.decision == Decision::refuse)
          counters.refuse(verdict.refusal);
        rearm(i);
      }
      send(replies);
    }
  }

 private:
  // Makes replies_[at] the answer to requests_[i], from that request's own buffer and addresses.
  void compose(unsigned i, unsigned at) {
    msghdr& message = replies_[at].msg_hdr;
    message = requests_[i].msg_hdr;
    message.msg_iov = &slots_[i].reply;
    if (service_.reply.kind == ReplyKind::echo) slots_[i].reply.iov_len = requests_[i].msg_len;
    if (service_.wildcard) forget_interface(message);
  }

  // Restores the lengths that the kernel overwrote with those of the datagram received.
  void rearm(unsigned i) {
    requests_[i].msg_hdr.msg_namelen = sizeof slots_[i].source;
    if (service_.wildcard) requests_[i].msg_hdr.msg_controllen = sizeof slots_[i].asked;
  }

  void send(unsigned replies) {
    unsigned next = 0, failed = 0;
    while (next < replies) {
      const int sent = sendmmsg(service_.socket, &replies_[next], replies - next, 0);
      if (sent > 0) {
        next += static_cast<unsigned>(sent);
      } else if (errno != EINTR) {
        // An error always is the first reply's own: count it, and go on with those behind it.
        ++next, ++failed;
      }
      if (service_.stopped()) break;
    }
    service_.counters.answered.add(next - failed);
    if (failed) service_.counters.send_errors.add(failed);
  }

  const Service service_;
  const Buffers buffers_;
  std::vector<Slot> slots_;
  std::vector<mmsghdr> requests_;
  std::vector<mmsghdr> replies_;
};

}  // namespace

std::unique_ptr<Engine> make_recvmmsg_engine(const Service& service) {
  return std::make_unique<RecvmmsgEngine>(service);
}

}  // namespace kudp::baseline
