// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <thread>

#include "bench/cost/ballast.hpp"
#include "bench/cost/client.hpp"
#include "bench/cost/clock.hpp"
#include "bench/cost/sender.hpp"
#include "bench/cost/server.hpp"
#include "loadgen/base/clock.hpp"

namespace kudp::cost {
namespace {

constexpr std::int64_t kPatience = 20 * kSecond;

void ask(Cell& cell, Client& client, std::size_t bursts) {
  for (; bursts > 0; --bursts)
    if (const auto lost = client.burst()) {
      cell.lost += lost;
      throw std::runtime_error(fmt::format("{} of a burst of {} requests got no reply in a second",
                                           lost, cell.load.burst));
    }
}

// Returns how many bursts it took.
std::size_t warm_up(Cell& cell, Client& client, std::int64_t instructions) {
  const std::size_t step = std::max<std::size_t>(1, 64 / cell.load.burst);
  std::size_t bursts = 0;
  for (const auto end = now_ns() + instructions; now_ns() < end; bursts += step)
    ask(cell, client, step);
  return bursts;
}

void add_pass(Cell& cell, std::uint64_t requests, std::int64_t elapsed, std::int64_t idle) {
  const auto each = [requests](std::int64_t sum) {
    return static_cast<double>(sum) / static_cast<double>(requests);
  };
  cell.requests = requests;
  cell.idle = std::max(cell.idle, each(idle));
  cell.passes.push_back(each(elapsed - idle));
}

void add_answered_pass(Cell& cell, Client& client, std::int64_t instructions) {
  const std::size_t bursts = warm_up(cell, client, 2 * instructions) / 2 + 1;
  const std::size_t requests = bursts * cell.load.burst;
  const auto idle_before = idle_ns();
  const auto start = now_ns();
  ask(cell, client, bursts);
  const auto elapsed = now_ns() - start;
  const auto idle = idle_ns() - idle_before;
  client.expect_silence();
  add_pass(cell, requests, elapsed, idle);
}

void wait_for_first(const TransmitCounter& counter, std::uint64_t before) {
  for (const auto end = now_ns() + kPatience; counter.read().packets == before;) {
    if (now_ns() > end) throw std::runtime_error("it sent nothing");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// The sender does not know that it is measured: this sleeps meanwhile, and counts what the device
// let go.
void add_sent_pass(Cell& cell, const TransmitCounter& counter, std::int64_t instructions) {
  const std::chrono::nanoseconds pass(instructions);
  std::this_thread::sleep_for(2 * pass);
  const auto idle_before = idle_ns();
  const auto before = counter.read();
  const auto start = now_ns();
  std::this_thread::sleep_for(pass);
  const auto after = counter.read();
  const auto elapsed = now_ns() - start;
  const auto idle = idle_ns() - idle_before;
  if (after.dropped != before.dropped) {
    cell.lost += after.dropped - before.dropped;
    throw std::runtime_error(fmt::format("the device dropped {}", after.dropped - before.dropped));
  }
  if (after.packets == before.packets) throw std::runtime_error("it no longer sends");
  add_pass(cell, after.packets - before.packets, elapsed, idle);
}

}  // namespace

void measure(Cell& cell, std::int64_t instructions, const Network& network) {
  if (!cell.failure.empty()) return;  // once is enough
  try {
    const Ballast ballast(cell.load, network.client());
    const TransmitCounter counter(network.client());
    const auto before = counter.read().packets;
    const auto server = start(server_named(cell.server), cell.load, network);
    cell.config = server->config();
    if (cell.load.one_way()) {
      wait_for_first(counter, before);
      add_sent_pass(cell, counter, instructions);
    } else {
      const Endpoint target =
          resolve(with_port(Network::server_address(cell.load.family), kServerPort));
      const auto client = make_client(cell.load, target, network.client());
      add_answered_pass(cell, *client, instructions);
    }
    server->stop();
  } catch (const Unavailable& error) {
    cell.unavailable = true;
    cell.failure = error.what();
  } catch (const std::exception& error) {
    cell.failure = error.what();
  }
}

}  // namespace kudp::cost
