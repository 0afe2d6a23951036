// SPDX-License-Identifier: GPL-2.0-only
//
// Runs the baseline servers in this process and talks to them over loopback.
#include "bench/baseline/server.hpp"

#include <gtest/gtest.h>
#include <liburing.h>
#include <netinet/udp.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "bench/baseline/socket.hpp"
#include "loadgen/base/cpus.hpp"
#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fd.hpp"

namespace kudp::baseline {
namespace {

using namespace std::chrono_literals;

Endpoint any_port(const char* address) {
  Endpoint endpoint = resolve(std::string(address) + ":1");
  reinterpret_cast<sockaddr_in&>(endpoint.address).sin_port = 0;
  return endpoint;
}

Endpoint with_port_of(const char* address, const Endpoint& other) {
  Endpoint endpoint = resolve(std::string(address) + ":1");
  reinterpret_cast<sockaddr_in&>(endpoint.address).sin_port =
      reinterpret_cast<const sockaddr_in&>(other.address).sin_port;
  return endpoint;
}

bool have_ipv6() {
  const Fd socket(::socket(AF_INET6, SOCK_DGRAM, 0));
  const Endpoint local = any_port("[::1]");
  return bind(socket.get(), local.data(), local.length) == 0;
}

Options options_for(EngineKind engine, const char* listen = "127.0.0.1") {
  Options options;
  options.engine = engine;
  options.listen = any_port(listen);
  if (engine != EngineKind::recvfrom) options.cpus = allowed_cpus();
  return options;
}

// Why an engine cannot be had here, or nothing.
std::string lacking(EngineKind engine) {
  if (engine != EngineKind::io_uring) return "";
  io_uring ring;
  if (const int status = io_uring_queue_init(1, &ring, 0))
    return std::string("no io_uring here: ") + std::strerror(-status);
  io_uring_queue_exit(&ring);
  return "";
}

// A connected socket: takes replies from the address it sent to and from no other.
class Client {
 public:
  explicit Client(const Endpoint& server)
      : socket_(::socket(server.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    if (connect(socket_.get(), server.data(), server.length))
      throw std::system_error(errno, std::generic_category(), "connect");
  }

  void send(const std::string& request) {
    ASSERT_EQ(::send(socket_.get(), request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
  }

  // Sends `bytes` as datagrams of `segment` bytes, the last maybe shorter, in one piece.
  void send_segments(const std::string& bytes, int segment) {
    ASSERT_EQ(setsockopt(socket_.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
    send(bytes);
  }

  // Nothing where no reply came in time.
  std::optional<std::string> receive(std::chrono::milliseconds limit = 60s) {
    const timeval timeout{limit.count() / 1000, limit.count() % 1000 * 1000};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    std::string reply(65536, '\0');
    ssize_t length;
    do {
      length = recv(socket_.get(), reply.data(), reply.size(), 0);
    } while (length < 0 && errno == EINTR);  // an io_uring that goes interrupts every thread
    if (length < 0) {
      EXPECT_EQ(errno, EAGAIN) << std::strerror(errno);
      return std::nullopt;
    }
    reply.resize(static_cast<std::size_t>(length));
    return reply;
  }

  std::optional<std::string> ask(const std::string& request) {
    send(request);
    return receive();
  }

 private:
  Fd socket_;
};

// Waits for the server to have received `count` datagrams.
bool received(const Server& server, std::uint64_t count) {
  for (int i = 0; i < 6000 && server.totals().received < count; ++i)
    std::this_thread::sleep_for(10ms);
  return server.totals().received == count;
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 256);
  return bytes;
}

constexpr std::size_t kSizes[] = {0, 1, 63, 64, 1472, 1473, 65507};

struct Variant {
  EngineKind engine;
  const char* address;
};

class EveryServer : public testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    if (GetParam().address[0] == '[' && !have_ipv6()) GTEST_SKIP() << "no IPv6 here";
    if (const auto what = lacking(GetParam().engine); !what.empty()) GTEST_SKIP() << what;
  }
  Options options() const { return options_for(GetParam().engine, GetParam().address); }
};

TEST_P(EveryServer, EchoesEverySize) {
  Server server(options());
  Client client(server.address());
  // Twice, so that a length left over from the datagram before would show.
  for (int round = 0; round < 2; ++round)
    for (const std::size_t size : kSizes)
      EXPECT_EQ(client.ask(pattern(size)), pattern(size)) << size;
  server.stop();
  EXPECT_EQ(server.totals().received, 2 * std::size(kSizes));
  EXPECT_EQ(server.totals().answered, 2 * std::size(kSizes));
}

TEST_P(EveryServer, DiscardIsSilent) {
  Options silent = options();
  silent.reply.kind = ReplyKind::discard;
  Server server(silent);
  Client client(server.address());
  for (const std::size_t size : kSizes) client.send(pattern(size));
  EXPECT_TRUE(received(server, std::size(kSizes)));
  EXPECT_EQ(client.receive(20ms), std::nullopt);
  EXPECT_EQ(server.totals().answered, 0u);
}

TEST_P(EveryServer, TextAnswersOnlyRequestsAsLongAsItself) {
  Options fixed = options();
  fixed.reply = {ReplyKind::text, pattern(64), false};
  Server server(fixed);
  Client client(server.address());
  for (const std::size_t size : kSizes) client.send(pattern(size));
  for (const std::size_t size : kSizes) {
    if (size < 64) continue;
    EXPECT_EQ(client.receive(), pattern(64)) << size;
  }
  EXPECT_EQ(client.receive(20ms), std::nullopt);
  server.stop();
  const auto why = static_cast<std::size_t>(Refusal::amplification);
  EXPECT_EQ(server.totals().received, std::size(kSizes));
  EXPECT_EQ(server.totals().answered, 4u);
  EXPECT_EQ(server.totals().refused[why], 3u);
}

TEST_P(EveryServer, AmplifyAnswersAll) {
  Options fixed = options();
  fixed.reply = {ReplyKind::text, pattern(2000), true};
  Server server(fixed);
  Client client(server.address());
  for (const std::size_t size : kSizes) EXPECT_EQ(client.ask(pattern(size)), pattern(2000)) << size;
}

TEST_P(EveryServer, AnswersBurstsOfManyFlows) {
  Server server(options());
  std::vector<Client> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(server.address());
  for (int i = 0; i < 8; ++i)
    for (std::size_t n = 0; n < 50; ++n)
      clients[i].send(std::string(n, static_cast<char>('a' + i)));
  for (int i = 0; i < 8; ++i) {
    std::vector<std::size_t> sizes;
    for (std::size_t n = 0; n < 50; ++n) {
      const auto reply = clients[i].receive();
      ASSERT_TRUE(reply);
      EXPECT_EQ(*reply, std::string(reply->size(), static_cast<char>('a' + i)));
      sizes.push_back(reply->size());
    }
    std::ranges::sort(sizes);
    for (std::size_t n = 0; n < 50; ++n) EXPECT_EQ(sizes[n], n);
  }
}

// Replies must find their requests also where others of the same batch are refused.
TEST_P(EveryServer, RefusalsAmongBurstsDisturbNoOther) {
  Options fixed = options();
  fixed.reply = {ReplyKind::text, "four", false};
  Server server(fixed);
  constexpr int kBurst = 150;  // as many replies as surely fit a default receive buffer
  Client refused(server.address()), answered(server.address());
  for (int i = 0; i < kBurst; ++i) {
    refused.send("one");
    answered.send("long enough");
  }
  for (int i = 0; i < kBurst; ++i) ASSERT_EQ(answered.receive(), "four") << i;
  EXPECT_EQ(refused.receive(20ms), std::nullopt);
  EXPECT_EQ(answered.receive(20ms), std::nullopt);
}

// Whether a server takes super-packets whole or not, each datagram in them is a request.
TEST_P(EveryServer, EchoesSegmentsAsDatagrams) {
  Server server(options());
  std::uint64_t requests = 0;
  for (const std::size_t last : {64, 5})
    for (const std::size_t count : {2, 16, 64}) {
      Client client(server.address());
      const std::string bytes = pattern((count - 1) * 64 + last);
      // A sender that changes its CPU between bursts has them answered by two workers, in any
      // order.
      std::multiset<std::string> unanswered;
      for (int burst = 0; burst < 3; ++burst) {
        client.send_segments(bytes, 64);
        for (std::size_t at = 0; at < bytes.size(); at += 64)
          unanswered.insert(bytes.substr(at, 64));
      }
      while (!unanswered.empty()) {
        const auto reply = client.receive();
        ASSERT_TRUE(reply) << count << " segments, last " << last;
        const auto found = unanswered.find(*reply);
        ASSERT_NE(found, unanswered.end()) << count << " segments, last " << last;
        unanswered.erase(found);
      }
      requests += 3 * count;
    }
  server.stop();
  EXPECT_EQ(server.totals().received, requests);
  EXPECT_EQ(server.totals().answered, requests);
}

TEST_P(EveryServer, AnswersOnlySegmentsAsLongAsTheText) {
  Options fixed = options();
  fixed.reply = {ReplyKind::text, pattern(64), false};
  Server server(fixed);
  Client client(server.address());
  client.send_segments(pattern(15 * 64 + 63), 64);
  client.send_segments(pattern(10 * 32), 32);
  for (int i = 0; i < 15; ++i) EXPECT_EQ(client.receive(), pattern(64));
  EXPECT_EQ(client.receive(20ms), std::nullopt);
  server.stop();
  EXPECT_EQ(server.totals().answered, 15u);
  EXPECT_EQ(server.totals().refused[static_cast<std::size_t>(Refusal::amplification)], 11u);
}

TEST_P(EveryServer, AmplifyAnswersEachSegment) {
  Options fixed = options();
  fixed.reply = {ReplyKind::text, pattern(2000), true};
  Server server(fixed);
  Client client(server.address());
  client.send_segments(pattern(40 * 8), 8);  // its replies are more than one send takes
  for (int i = 0; i < 40; ++i) ASSERT_EQ(client.receive(), pattern(2000)) << i;
}

TEST_P(EveryServer, PortTakenIsAnError) {
  const Server first(options());
  Options same = options();
  same.listen = first.address();
  try {
    const Server second(same);
    FAIL() << "a second server got " << same.listen.str();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EADDRINUSE);
    EXPECT_NE(std::string(error.what()).find(same.listen.str()), std::string::npos);
  }
}

TEST_P(EveryServer, StopsWhileIdle) {
  for (int round = 0; round < 20; ++round) {
    Server server(options());
    if (round % 2) std::this_thread::sleep_for(5ms);  // now surely in its system call
    server.stop();                                    // which returns, or the suite does not end
    EXPECT_EQ(server.totals().received, 0u);
  }
}

TEST_P(EveryServer, StopsUnderLoad) {
  Server server(options());
  std::atomic<bool> done{false};
  std::thread load([&done, address = server.address()] {
    const Fd socket(::socket(address.family(), SOCK_DGRAM, 0));
    while (!done) sendto(socket.get(), "load", 4, 0, address.data(), address.length);
  });
  for (int i = 0; i < 6000 && server.totals().answered < 1000; ++i)
    std::this_thread::sleep_for(10ms);
  server.stop();
  done = true;
  load.join();
  const Totals totals = server.totals();
  EXPECT_GE(totals.answered, 1000u);
  EXPECT_LE(totals.answered, totals.received);
}

const char* name_of(EngineKind engine) {
  switch (engine) {
    case EngineKind::recvfrom:
      return "recvfrom";
    case EngineKind::recvmmsg:
      return "recvmmsg";
    case EngineKind::recvmmsg_gro:
      return "recvmmsg_gro";
    case EngineKind::io_uring:
      return "io_uring";
  }
  return "";
}

std::string variant_name(const testing::TestParamInfo<Variant>& variant) {
  return std::string(name_of(variant.param.engine)) +
         (variant.param.address[0] == '[' ? "_IPv6" : "_IPv4");
}

constexpr EngineKind kEngines[] = {EngineKind::recvfrom, EngineKind::recvmmsg,
                                   EngineKind::recvmmsg_gro, EngineKind::io_uring};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const EngineKind engine : kEngines)
    for (const char* address : {"127.0.0.1", "[::1]"}) all.push_back({engine, address});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Baseline, EveryServer, testing::ValuesIn(variants()), variant_name);

class EveryEngine : public testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    if (const auto what = lacking(GetParam()); !what.empty()) GTEST_SKIP() << what;
  }
};

TEST_P(EveryEngine, WildcardRepliesFromTheIpv4AddressThatWasAsked) {
  const Server server(options_for(GetParam(), "0.0.0.0"));
  for (const char* address : {"127.0.0.1", "127.0.0.2", "127.1.2.3"}) {
    Client client(with_port_of(address, server.address()));
    EXPECT_EQ(client.ask(address), address);
  }
}

TEST_P(EveryEngine, DualStackRepliesFromTheAddressThatWasAsked) {
  if (!have_ipv6()) GTEST_SKIP() << "no IPv6 here";
  const Server server(options_for(GetParam(), "[::]"));
  for (const char* address : {"127.0.0.1", "127.0.0.2", "[::1]"}) {
    Client client(with_port_of(address, server.address()));
    EXPECT_EQ(client.ask(address), address);
  }
}

// The same port on another address stands for the other server that a forged source points to.
TEST_P(EveryEngine, DoesNotAnswerItsOwnPort) {
  Server server(options_for(GetParam()));
  const Endpoint twin = with_port_of("127.0.0.2", server.address());
  const Fd socket(::socket(AF_INET, SOCK_DGRAM, 0));
  ASSERT_EQ(bind(socket.get(), twin.data(), twin.length), 0);
  sendto(socket.get(), "loop", 4, 0, server.address().data(), server.address().length);
  ASSERT_TRUE(received(server, 1));
  server.stop();
  EXPECT_EQ(server.totals().answered, 0u);
  EXPECT_EQ(server.totals().refused[static_cast<std::size_t>(Refusal::own_port)], 1u);
}

INSTANTIATE_TEST_SUITE_P(Baseline, EveryEngine, testing::ValuesIn(kEngines),
                         [](const auto& engine) { return name_of(engine.param); });

TEST(Group, FailsWhereAReuseportGroupHoldsThePort) {
  const auto group = bind_group(any_port("127.0.0.1"), 2, 1 << 16);
  for (const std::size_t count : {1, 2})
    EXPECT_THROW(bind_group(local_endpoint(group[0]), count, 1 << 16), std::system_error) << count;
}

// Loopback receives on the CPU that sends.
void expect_each_cpu_served_by_its_worker(const std::vector<int>& cpus) {
  Options options = options_for(EngineKind::recvmmsg);
  options.cpus = cpus;
  Server server(options);
  const auto requests_of = [](std::size_t worker) { return 50 * (worker + 1); };
  for (std::size_t worker = 0; worker < cpus.size(); ++worker) {
    std::thread([&] {
      pin_to(cpus[worker]);
      for (std::uint64_t flow = 0; flow < requests_of(worker); ++flow) {
        Client client(server.address());
        EXPECT_EQ(client.ask("x"), "x");
      }
    }).join();
  }
  server.stop();
  for (std::size_t worker = 0; worker < cpus.size(); ++worker)
    EXPECT_EQ(server.totals(worker).received, requests_of(worker)) << "CPU " << cpus[worker];
}

TEST(Steering, WorkerOfTheReceivingCpuAnswers) {
  expect_each_cpu_served_by_its_worker(allowed_cpus());
}

TEST(Steering, FollowsTheOrderOfCpus) {
  auto cpus = allowed_cpus();
  std::ranges::reverse(cpus);
  expect_each_cpu_served_by_its_worker(cpus);
}

TEST(Steering, CpusWithoutAWorkerAreServedToo) {
  const auto cpus = allowed_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "needs two CPUs";
  Options options = options_for(EngineKind::recvmmsg);
  options.cpus = {cpus[1], cpus[1]};
  const Server server(options);
  std::thread([&] {
    pin_to(cpus[0]);
    for (int flow = 0; flow < 100; ++flow) {
      Client client(server.address());
      EXPECT_EQ(client.ask("x"), "x");
    }
  }).join();
  EXPECT_GT(server.totals(0).received, 0u);
  EXPECT_GT(server.totals(1).received, 0u);
}

TEST(Judge, NamesTheRefusal) {
  const Reply text{ReplyKind::text, "four", false};
  EXPECT_EQ(judge({}, 4, 1, 2).decision, Decision::answer);
  EXPECT_EQ(judge({}, 4, 0, 2).refusal, Refusal::port_zero);
  EXPECT_EQ(judge({}, 4, 0, 2).decision, Decision::refuse);
  EXPECT_EQ(judge({}, 4, 2, 2).refusal, Refusal::own_port);
  EXPECT_EQ(judge(text, 4, 1, 2).decision, Decision::answer);
  EXPECT_EQ(judge(text, 3, 1, 2).refusal, Refusal::amplification);
  EXPECT_EQ(judge({ReplyKind::text, "four", true}, 3, 1, 2).decision, Decision::answer);
  EXPECT_EQ(judge({ReplyKind::discard, "", false}, 3, 0, 2).decision, Decision::silence);
}

}  // namespace
}  // namespace kudp::baseline
