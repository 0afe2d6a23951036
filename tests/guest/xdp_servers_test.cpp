// SPDX-License-Identifier: GPL-2.0-only
// kudp-baseline's servers that take datagrams off a device before the stack does.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "loadgen/base/fd.hpp"
#include "tests/guest/features.hpp"
#include "tests/guest/network.hpp"
#include "tests/guest/system.hpp"

namespace kudp::guest {
namespace {

constexpr int kPort = 9700;

// kudp-baseline on the tests' veth, ready when this is made.
class Baseline {
 public:
  Baseline(const std::string& server, const std::string& mode, const std::string& address) {
    std::array<int, 2> ends;
    if (pipe(ends.data())) throw std::system_error(errno, std::generic_category(), "pipe");
    output_ = Fd(ends[0]);
    const Fd write_end(ends[1]);
    const std::string listen = at(address, kPort);
    pid_ = fork();
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      dup2(ends[1], STDERR_FILENO);
      // Without a mode, tc's, the line ends there.
      execlp("kudp-baseline", "kudp-baseline", server.c_str(), "--device", "kudp-s", "--listen",
             listen.c_str(), mode.empty() ? nullptr : "--mode", mode.c_str(), nullptr);
      _exit(127);
    }
    first_line_ = line();
  }
  ~Baseline() {
    if (pid_ > 0) end(SIGTERM);
  }
  Baseline(const Baseline&) = delete;
  Baseline& operator=(const Baseline&) = delete;

  const std::string& first_line() const { return first_line_; }

  // Returns the status as waitpid has it.
  int end(int signal) {
    kill(pid_, signal);
    return wait();
  }
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

  std::string line() {
    std::string text;
    char byte;
    while (read(output_.get(), &byte, 1) == 1 && byte != '\n') text += byte;
    return text;
  }

 private:
  Fd output_;
  pid_t pid_ = -1;
  std::string first_line_;
};

bool attached(std::string_view server) {
  return std::system(server == "tc" ? "tc filter show dev kudp-s ingress | grep -q turn_tc"
                                    : "ip link show dev kudp-s | grep -q prog/xdp") == 0;
}

// A link goes with its last reference, which the kernel may drop a moment after the process.
bool detached_soon(std::string_view server) {
  return eventually([&] { return !attached(server); });
}

struct Variant {
  const char* server;
  const char* mode;
  const char* address;
};

class XdpServers : public testing::TestWithParam<Variant> {};

TEST_P(XdpServers, EchoWithTheClientsChecksumsOffloadedOrNot) {
  const auto [server, mode, address] = GetParam();
  Baseline baseline(server, mode, address);
  ASSERT_TRUE(baseline.first_line().starts_with("listening on " + at(address, kPort)))
      << baseline.first_line();
  Client client(Where::kClient, at(address, kPort));
  const Device device(Where::kClient);
  for (const bool offload : {true, false}) {
    const Switched switched(device, kTransmitChecksums, offload);
    // 1452: what fits one Ethernet frame over IPv6.
    for (const std::size_t size : {0, 1, 64, 65, 1452, 1472}) {
      if (size > 1452 && std::string(address).find(':') != std::string::npos) continue;
      const std::string request = payload(size, size);
      client.send(request);
      Client::Reply reply;
      ASSERT_TRUE(client.receive(reply)) << size << " bytes, offload " << offload;
      EXPECT_EQ(reply.payload, request) << size;
      EXPECT_EQ(reply.from, at(address, kPort));
    }
  }
  EXPECT_EQ(baseline.end(SIGINT), 0);
  EXPECT_TRUE(baseline.line().find("send errors 0") != std::string::npos);
}

TEST_P(XdpServers, LeaveOtherPortsToTheStack) {
  const auto [server, mode, address] = GetParam();
  Baseline baseline(server, mode, address);
  ASSERT_TRUE(baseline.first_line().starts_with("listening on ")) << baseline.first_line();
  const Endpoint other = resolve(at(address, kPort + 1));
  const Fd socket = udp_socket(Where::kHere, other.family());
  ASSERT_EQ(bind(socket.get(), other.data(), other.length), 0);
  Client client(Where::kClient, at(address, kPort + 1));
  client.send("stack");
  char bytes[16];
  EXPECT_EQ(recv(socket.get(), bytes, sizeof bytes, 0), 5);
}

TEST_P(XdpServers, DetachHoweverTheyEnd) {
  const auto [server, mode, address] = GetParam();
  for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
    if (signal == SIGKILL && std::string_view(server) == "tc") break;  // see tc --help
    Baseline baseline(server, mode, address);
    EXPECT_TRUE(attached(server)) << baseline.first_line();
    baseline.end(signal);
    EXPECT_TRUE(detached_soon(server)) << "signal " << signal;
  }
}

std::string variant_name(const testing::TestParamInfo<Variant>& variant) {
  const auto [server, mode, address] = variant.param;
  const bool v6 = std::string(address).find(':') != std::string::npos;
  return std::string(server) + (*mode ? "_" : "") + mode + (v6 ? "_IPv6" : "_IPv4");
}

INSTANTIATE_TEST_SUITE_P(
    All, XdpServers,
    testing::Values(Variant{"xdp", "generic", kServer4}, Variant{"xdp", "generic", kServer6},
                    Variant{"af_xdp", "generic", kServer4}, Variant{"af_xdp", "generic", kServer6},
                    Variant{"af_xdp", "native", kServer4}, Variant{"af_xdp", "native", kServer6},
                    Variant{"tc", "", kServer4}, Variant{"tc", "", kServer6}),
    variant_name);

TEST(XdpServersRefuse, TheFilterOfAKilledOneInOneLineThatSaysHowToTakeItAway) {
  Baseline("tc", "", kServer4).end(SIGKILL);
  Baseline second("tc", "", kServer4);
  const std::string remedy = "tc qdisc del dev kudp-s clsact";
  EXPECT_NE(second.first_line().find(remedy), std::string::npos) << second.first_line();
  EXPECT_EQ(WEXITSTATUS(second.wait()), 1);
  EXPECT_EQ(std::system(remedy.c_str()), 0);
  EXPECT_FALSE(attached("tc"));
}

TEST(XdpServersRefuse, AWildcardInOneLine) {
  Baseline baseline("xdp", "generic", "0.0.0.0");
  EXPECT_NE(baseline.first_line().find("needs one address"), std::string::npos);
  EXPECT_EQ(WEXITSTATUS(baseline.wait()), 1);
}

}  // namespace
}  // namespace kudp::guest
