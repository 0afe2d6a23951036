// SPDX-License-Identifier: GPL-2.0-only
//
// The plain server: one datagram per system call, as most UDP servers are written.
#include <cerrno>
#include <vector>

#include "bench/baseline/engine.hpp"
#include "bench/baseline/message.hpp"

namespace kudp::baseline {
namespace {

class RecvfromEngine final : public Engine {
 public:
  explicit RecvfromEngine(const Service& service) : service_(service), buffer_(kMaxDatagram) {}

  void run() override {
    Counters& counters = service_.counters;
    for (;;) {
      const ssize_t length = receive();
      if (service_.stopped()) return;
      if (length < 0) {
        if (errno != EINTR) counters.receive_errors.add(1);
        continue;
      }
      counters.received.add(1);

      const auto bytes = static_cast<std::size_t>(length);
      const Verdict verdict = judge(service_.reply, bytes, source_.port(), service_.own_port);
      if (verdict.decision == Decision::refuse) counters.refuse(verdict.refusal);
      if (verdict.decision != Decision::answer) continue;

      const bool echo = service_.reply.kind == ReplyKind::echo;
      if (echo ? send(buffer_.data(), bytes)
               : send(service_.reply.text.data(), service_.reply.text.size()))
        counters.answered.add(1);
      else
        counters.send_errors.add(1);
    }
  }

 private:
  // recvfrom cannot say which address was asked; only a wildcard socket needs to know.
  ssize_t receive() {
    if (!service_.wildcard) {
      source_length_ = sizeof source_;
      return recvfrom(service_.socket, buffer_.data(), buffer_.size(), 0,
                      reinterpret_cast<sockaddr*>(&source_), &source_length_);
    }
    iovec body{buffer_.data(), buffer_.size()};
    msghdr message{&source_, sizeof source_, &body, 1, &asked_, sizeof asked_, 0};
    const ssize_t length = recvmsg(service_.socket, &message, 0);
    source_length_ = message.msg_namelen;
    asked_length_ = message.msg_controllen;
    return length;
  }

  bool send(const char* data, std::size_t bytes) {
    if (!service_.wildcard)
      return sendto(service_.socket, data, bytes, 0, reinterpret_cast<const sockaddr*>(&source_),
                    source_length_) >= 0;
    iovec body{const_cast<char*>(data), bytes};
    msghdr message{&source_, source_length_, &body, 1, &asked_, asked_length_, 0};
    forget_interface(message);
    return sendmsg(service_.socket, &message, 0) >= 0;
  }

  const Service service_;
  std::vector<char> buffer_;
  Source source_{};
  socklen_t source_length_ = 0;
  AskedAddress asked_{};
  std::size_t asked_length_ = 0;
};

}  // namespace

std::unique_ptr<Engine> make_recvfrom_engine(const Service& service) {
  return std::make_unique<RecvfromEngine>(service);
}

}  // namespace kudp::baseline
