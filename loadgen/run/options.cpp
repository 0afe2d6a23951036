// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace kudp {
namespace {

// Requests remembered by all workers together, 8 bytes each.
constexpr std::size_t kRemembered = std::size_t{1} << 22;
// Bytes of requests in the batches of all workers together.
constexpr std::size_t kBatchBytes = std::size_t{16} << 20;
// A closed loop has no rate of its own. Should a thread be faster, requests are forgotten sooner
// than twice the timeout.
constexpr double kFastestClosed = 1e6;

std::size_t largest_payload(int family) {
  return family == AF_INET6 ? 65527 : 65507;
}

double wanted(const RunOptions& options) {
  const double rate = options.loop == Loop::open
                          ? options.rate / static_cast<double>(options.threads)
                          : kFastestClosed;
  const double timeout = static_cast<double>(options.timeout) / kSecond;
  const std::size_t at_once = options.batch + (options.loop == Loop::closed ? options.window : 0);
  // Twice, so that a late reply finds its request.
  return 2 * (rate * timeout + 2 * static_cast<double>(at_once));
}

std::size_t most(const RunOptions& options) {
  return std::bit_floor(kRemembered / options.threads);
}

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
  throw std::runtime_error(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace

FlowOptions flow_options(const RunOptions& options) {
  return {.segment = options.gso > 1 ? options.size : 0,
          .gro = options.gro,
          .timestamps = options.timestamps};
}

void check(const RunOptions& options) {
  if (const auto largest = largest_payload(options.target.family()); options.size > largest)
    refuse("--size {}: at most {} bytes fit a datagram to {}", options.size, largest,
           options.target.str());
  if (const auto most = largest_payload(options.target.family()) / options.size;
      options.gso > std::max<std::size_t>(most, 1))
    refuse("--gso {}: at most {} requests of --size {} fit a super-packet", options.gso, most,
           options.size);
  if (options.timestamps && options.gso > 1)
    refuse("--timestamps: not with --gso, a super-packet leaves at one time");
  if (options.backend == Backend::io_uring &&
      (options.gso > 1 || options.gro || options.timestamps))
    refuse("--backend io_uring: not with --gso, --gro or --timestamps");
  if (options.backend == Backend::packet && options.gso > 1)
    refuse("--backend packet: not with --gso");
  if (options.flows < options.threads)
    refuse("--flows {}: at least one per thread, {}", options.flows, options.threads);
  if (options.threads * options.batch * options.size > kBatchBytes)
    refuse("--batch {}: at most {} with {} threads and --size {}", options.batch,
           kBatchBytes / options.size / options.threads, options.threads, options.size);
  if (options.loop == Loop::closed && options.window > most(options) / 8)
    refuse("--window {}: at most {} with {} threads", options.window, most(options) / 8,
           options.threads);
  if (options.loop == Loop::open && wanted(options) > static_cast<double>(most(options)))
    refuse("--rate {:.0f}: too many requests could be in flight within --timeout {} ms, at most {}",
           options.rate, options.timeout / kMillisecond, options.threads * most(options) / 2);
}

std::size_t remembered_requests(const RunOptions& options) {
  return static_cast<std::size_t>(std::min(wanted(options), static_cast<double>(most(options))));
}

}  // namespace kudp
