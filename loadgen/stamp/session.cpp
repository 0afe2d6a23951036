// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/stamp/session.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/timex.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <vector>

#include "kmod/stamp.h"
#include "loadgen/base/cpus.hpp"
#include "loadgen/base/fail.hpp"
#include "loadgen/base/message.hpp"
#include "loadgen/base/socket.hpp"
#include "loadgen/send/flow.hpp"

namespace kudp {
namespace {

// A signal is noticed after as much.
constexpr std::int64_t kLongestSleep = 50 * kMillisecond;

Fd open_socket(const Endpoint& target) {
  Fd socket = open_udp(target, SOCK_NONBLOCK);
  set_option(socket.get(), SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
  connect_to(socket, target);
  return socket;
}

class SessionSender {
 public:
  explicit SessionSender(const StampOptions& options)
      : options_(options),
        socket_(open_socket(options.target)),
        packet_(stamp_size(options.padding)),
        reply_(packet_.size() + 1) {
    session_.error = own_clock_error();
    sent_at_.reserve(options.count);
  }

  StampSession run(Interrupt& interrupt) {
    const std::int64_t begin = now_ns();
    std::int64_t end =
        begin + static_cast<std::int64_t>(options_.count) * options_.interval + options_.timeout;
    while (session_.replies.size() < options_.count && session_.signal == 0) {
      const std::int64_t now = now_ns();
      const std::int64_t due =
          begin + static_cast<std::int64_t>(sent_at_.size()) * options_.interval;
      if (sent_at_.size() < options_.count && due <= now) {
        send();
        if (sent_at_.size() == options_.count) end = now + options_.timeout;
      } else if (now >= end) {
        break;
      } else {
        wait(std::min((sent_at_.size() < options_.count ? due : end) - now, kLongestSleep));
      }
      receive();
      session_.signal = interrupt.wait(0);
    }
    session_.sent = sent_at_.size();
    return std::move(session_);
  }

 private:
  // Refused by an ICMP message to an earlier packet, or for want of a route or of room: the packet
  // is lost, as others may be.
  void send() {
    StampRequest request{.sequence = static_cast<std::uint32_t>(sent_at_.size()),
                         .error = session_.error,
                         .ssid = options_.ssid};
    request.t1 = now_ns(CLOCK_REALTIME);
    sent_at_.push_back(request.t1);
    answered_.push_back(false);
    write_stamp(packet_, request);
    if (::send(socket_.get(), packet_.data(), packet_.size(), 0) < 0 && errno != EAGAIN &&
        errno != ENOBUFS)
      note_refusal();
  }

  void wait(std::int64_t ns) {
    pollfd ready{socket_.get(), POLLIN, 0};
    const timespec time = to_timespec(ns);
    if (ppoll(&ready, 1, &time, nullptr) < 0 && errno != EINTR) fail("ppoll");
  }

  // A reply came when the kernel says so, or now.
  void receive() {
    for (;;) {
      const auto length = message_.receive(socket_.get(), reply_, 0);
      if (length < 0) {
        if (errno == EAGAIN) return;
        note_refusal();
        continue;
      }
      const auto came = message_.control<timespec>(SOL_SOCKET, SO_TIMESTAMPNS);
      take(std::span(reply_).first(static_cast<std::size_t>(length)),
           came ? came->tv_sec * kSecond + came->tv_nsec : now_ns(CLOCK_REALTIME));
    }
  }

  void note_refusal() {
    if (!is_refusal(errno)) fail(options_.target.str());
    session_.refusal = errno;
  }

  // A reply is one to a request of this session if it has copied that faithfully.
  void take(std::span<const std::byte> packet, std::int64_t t4) {
    auto reply = read_stamp(packet);
    if (!reply || reply->sequence >= sent_at_.size() || reply->t1 != sent_at_[reply->sequence]) {
      ++session_.corrupt;
    } else if (answered_[reply->sequence]) {
      ++session_.duplicate;
    } else {
      answered_[reply->sequence] = true;
      reply->t4 = t4;
      session_.replies.push_back(*reply);
    }
  }

  const StampOptions& options_;
  Fd socket_;
  std::vector<std::byte> packet_;
  std::vector<std::byte> reply_;
  Message message_;
  std::vector<std::int64_t> sent_at_;
  std::vector<bool> answered_;
  StampSession session_;
};

}  // namespace

std::uint16_t own_clock_error() {
  timex state{};
  const int status = adjtimex(&state);
  if (status < 0 || status == TIME_ERROR || state.status & STA_UNSYNC || state.maxerror <= 0 ||
      state.maxerror >= kSecond / kMicrosecond)
    return KUDP_STAMP_ERROR_UNKNOWN;
  return kudp_stamp_error(static_cast<unsigned>(state.maxerror * kMicrosecond));
}

StampSession run_session(const StampOptions& options, Interrupt& interrupt) {
  // A reflector may count by the CPU that packets come in on: over loopback that is the sender's.
  if (const int cpu = sched_getcpu(); cpu >= 0) pin_to(cpu);
  return SessionSender(options).run(interrupt);
}

}  // namespace kudp
