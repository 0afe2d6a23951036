// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/client.hpp"

#include <fmt/format.h>
#include <netinet/udp.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace kudp::cost {
namespace {

constexpr int kPort = 20000;
constexpr std::size_t kLargest = 65536;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

template <class Value>
void set(const Fd& socket, int level, int option, const Value& value) {
  if (setsockopt(socket.get(), level, option, &value, sizeof value)) fail("setsockopt");
}

// Each flow is a client of its own, with its own address: what a server remembers of one, such as a
// route, is of no use for the next.
Fd connect_flow(const Load& load, const Endpoint& server, std::size_t flow) {
  const Endpoint own = resolve(with_port(Network::client_address(load.family, flow), kPort));
  Fd fd(socket(own.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) fail("socket");
  set(fd, SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20);
  set(fd, SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20);
  set(fd, SOL_SOCKET, SO_RCVTIMEO, timeval{1, 0});
  if (load.segments > 1) {
    set(fd, SOL_UDP, UDP_SEGMENT, static_cast<int>(load.size));
    set(fd, SOL_UDP, UDP_GRO, 1);
  }
  if (bind(fd.get(), own.data(), own.length)) fail("bind");
  if (connect(fd.get(), server.data(), server.length)) fail("connect");
  return fd;
}

bool nothing_came() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

// Buffers for a batch of messages, each of `bytes` bytes.
struct Messages {
  Messages(std::size_t count, std::size_t bytes)
      : stride(bytes), buffer(count * bytes), vectors(count), headers(count), control(count) {
    for (std::size_t i = 0; i < count; ++i) {
      vectors[i] = {data(i), bytes};
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
  }

  char* data(std::size_t i) { return buffer.data() + i * stride; }

  struct alignas(cmsghdr) Control {
    char bytes[CMSG_SPACE(sizeof(int))];
  };

  std::size_t stride;
  std::vector<char> buffer;
  std::vector<iovec> vectors;
  std::vector<mmsghdr> headers;
  std::vector<Control> control;
};

// One flow: a burst is one sendmmsg, its replies are taken as many at a time as are there.
class OneFlow final : public Client {
 public:
  OneFlow(const Load& load, const Endpoint& server, const Namespace& where)
      : Client(load, server, where),
        requests_(load.burst / load.segments, load.size * load.segments),
        replies_(load.burst, load.segments > 1 ? kLargest : load.size + 1),
        seen_(load.burst) {
    for (std::size_t i = 0; i < load_.burst; ++i) fill(request(i));
    if (load_.segments == 1) return;
    for (std::size_t i = 0; i < load_.burst; ++i)
      replies_.headers[i].msg_hdr.msg_control = &replies_.control[i];
  }

  std::size_t burst() override {
    send();
    std::fill(seen_.begin(), seen_.end(), 0);
    std::size_t missing = load_.burst;
    while (missing > 0) {
      const std::size_t came = receive(missing);
      if (came == 0) break;
      missing -= came;
    }
    next_ += load_.burst;
    return missing;
  }

 private:
  // Super-packets lie one after the other, and so do the requests in them.
  char* request(std::size_t i) { return requests_.data(0) + i * load_.size; }

  void send() {
    for (std::size_t i = 0; i < load_.burst; ++i) stamp(request(i), next_ + i);
    auto& headers = requests_.headers;
    for (std::size_t sent = 0; sent < headers.size();) {
      const int count =
          sendmmsg(sockets_[0].get(), headers.data() + sent, headers.size() - sent, 0);
      if (count < 0) fail("sendmmsg");
      sent += count;
    }
  }

  // Returns the number of replies, which is 0 if none came in time.
  std::size_t receive(std::size_t most) {
    if (load_.segments > 1)
      for (std::size_t i = 0; i < most; ++i)
        replies_.headers[i].msg_hdr.msg_controllen = sizeof(Messages::Control);
    const int count =
        recvmmsg(sockets_[0].get(), replies_.headers.data(), most, MSG_WAITFORONE, nullptr);
    if (count < 0 && nothing_came()) return 0;
    if (count < 0) fail("recvmmsg");
    std::size_t came = 0;
    for (int i = 0; i < count; ++i) came += take(i);
    return came;
  }

  std::size_t take(int i) {
    const std::size_t length = replies_.headers[i].msg_len;
    const std::size_t segment = segment_size(replies_.headers[i].msg_hdr, length);
    std::size_t came = 0;
    for (std::size_t at = 0; at < length; at += segment, ++came) {
      const auto index = check(replies_.data(i) + at, std::min(segment, length - at)) - next_;
      if (index >= load_.burst) throw std::runtime_error("a reply came that belongs elsewhere");
      if (seen_[index]++) throw std::runtime_error("a reply came twice");
    }
    return came;
  }

  static std::size_t segment_size(msghdr& message, std::size_t length) {
    const cmsghdr* const header = message.msg_control ? CMSG_FIRSTHDR(&message) : nullptr;
    if (!header || header->cmsg_level != SOL_UDP || header->cmsg_type != UDP_GRO)
      return std::max<std::size_t>(length, 1);
    int size;
    std::memcpy(&size, CMSG_DATA(header), sizeof size);
    return std::max(size, 1);
  }

  Messages requests_;
  Messages replies_;
  std::vector<char> seen_;
};

// Many flows: each request of a burst is the next flow's. A send and a receive for each; that there
// are more of them than with one flow is the same for all servers, the floor included.
class ManyFlows final : public Client {
 public:
  ManyFlows(const Load& load, const Endpoint& server, const Namespace& where)
      : Client(load, server, where), request_(load.size), reply_(load.size + 1) {
    fill(request_.data());
  }

  std::size_t burst() override {
    const auto first = next_;
    next_ += load_.burst;
    for (auto sequence = first; sequence < next_; ++sequence) {
      stamp(request_.data(), sequence);
      if (::send(socket_of(sequence), request_.data(), load_.size, 0) < 0) fail("send");
    }
    for (auto sequence = first; sequence < next_; ++sequence) {
      const ssize_t length = recv(socket_of(sequence), reply_.data(), reply_.size(), 0);
      if (length < 0 && nothing_came()) return next_ - sequence;
      if (length < 0) fail("recv");
      if (check(reply_.data(), length) != sequence)
        throw std::runtime_error("a reply came that belongs elsewhere");
    }
    return 0;
  }

 private:
  int socket_of(std::uint64_t sequence) const { return sockets_[sequence % sockets_.size()].get(); }

  std::vector<char> request_;
  std::vector<char> reply_;
};

}  // namespace

Client::Client(const Load& load, const Endpoint& server, const Namespace& where)
    : load_(load), image_(load.size) {
  for (std::size_t i = 0; i < image_.size(); ++i) image_[i] = static_cast<char>(i * 131 + 17);
  where.run([&] {
    for (std::size_t flow = 0; flow < load.flows; ++flow)
      sockets_.push_back(connect_flow(load, server, flow));
  });
}

void Client::fill(char* request) const {
  std::memcpy(request, image_.data(), image_.size());
}

void Client::stamp(char* request, std::uint64_t sequence) {
  std::memcpy(request, &sequence, sizeof sequence);
}

std::uint64_t Client::check(const char* reply, std::size_t length) const {
  std::uint64_t sequence;
  if (length != load_.size)
    throw std::runtime_error(fmt::format("a reply of {} bytes came", length));
  std::memcpy(&sequence, reply, sizeof sequence);
  if (std::memcmp(reply + sizeof sequence, image_.data() + sizeof sequence,
                  image_.size() - sizeof sequence) != 0)
    throw std::runtime_error("a reply came that is not what was sent");
  return sequence;
}

void Client::expect_silence() const {
  char byte;
  for (const Fd& socket : sockets_)
    if (recv(socket.get(), &byte, sizeof byte, MSG_DONTWAIT) >= 0)
      throw std::runtime_error("more replies came than requests were sent");
}

std::unique_ptr<Client> make_client(const Load& load, const Endpoint& server,
                                    const Namespace& where) {
  if (load.flows == 1) return std::make_unique<OneFlow>(load, server, where);
  return std::make_unique<ManyFlows>(load, server, where);
}

}  // namespace kudp::cost
