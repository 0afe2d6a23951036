// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/faulty_path.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdio>
#include <stdexcept>

#include "tests/guest/system.hpp"

namespace kudp::stress {

using namespace guest;

namespace {

constexpr int kAllProtocols = 0x0300;  // ETH_P_ALL in network byte order

std::pair<std::uint64_t, std::uint64_t> sent_and_failed(const SendModule& module) {
  unsigned long sent, failed;
  const std::string result = module.result();
  if (std::sscanf(result.c_str(), "%*s sent=%lu failed=%lu", &sent, &failed) != 2)
    throw std::runtime_error("result: " + result);
  return {sent, failed};
}

// What a STAMP or TWAMP Light sender sends (RFC 8762 section 4.2.1); all else is as good a payload.
std::string packet(std::size_t size) {
  std::string packet(size, '\0');
  packet[4] = packet[8] = 1;  // a timestamp
  packet[13] = 1;             // its error
  return packet;
}

Responder::Settings settings(const std::string& engine, const std::string& reply,
                             const Responder::Settings& more) {
  Responder::Settings all{{"engine", engine}, {"reply", reply},  {"text", "hello"},
                          {"amplify", "1"},   {"address", "::"}, {"port", "9000"}};
  all.insert(all.end(), more.begin(), more.end());
  all.emplace_back("enabled", "1");
  return all;
}

}  // namespace

// One smaller than its answer if that is a TWAMP Light reflector's, one so large that it is
// fragments both ways. All are captured, so that the skb is shared.
FaultyPath::FaultyPath(const std::string& engine, const std::string& reply,
                       const Responder::Settings& more)
    : responder_("r", settings(engine, reply, more)),
      capture_(socket(AF_PACKET, SOCK_RAW, kAllProtocols)),
      clients_{Client(Where::kClient, at(kServer4, 9000)),
               Client(Where::kClient, at(kServer6, 9000))},
      requests_{packet(14), packet(4000)} {
  ask();  // who is who on the link, and the way back
}

bool FaultyPath::ask() {
  Client::Reply reply;
  for (auto& client : clients_) {
    for (const auto& request : requests_)
      sendto(client.fd(), request.data(), request.size(), 0, client.target().data(),
             client.target().length);
  }
  int timeout_ms = 30;  // for the first to fall silent; by then the other has
  for (auto& client : clients_) {
    while (client.receive(reply, timeout_ms)) continue;
    timeout_ms = 0;
  }
  const bool accounted = adds_up(responder_.settled(0));
  EXPECT_TRUE(accounted);
  return accounted;
}

bool FaultyPath::recovers() {
  Client::Reply reply;
  for (auto& client : clients_)
    for (const auto& request : requests_) {
      client.send(request);
      if (!client.receive(reply)) return false;
    }
  return true;
}

FaultySource::FaultySource(const std::string& parameters)
    : module_(parameters + " size=4000 count=0 rate=20 cpus=0") {
  EXPECT_EQ(module_.error(), 0);
}

bool FaultySource::goes_on(std::uint64_t more) const {
  const auto [sent, failed] = sent_and_failed(module_);
  return eventually([&] {
    const auto [sent_now, failed_now] = sent_and_failed(module_);
    return sent_now + failed_now >= sent + failed + more;
  });
}

std::uint64_t FaultySource::failed() const {
  return sent_and_failed(module_).second;
}

}  // namespace kudp::stress
