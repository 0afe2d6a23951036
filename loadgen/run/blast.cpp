// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/blast.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "loadgen/base/payload.hpp"
#include "loadgen/run/backend.hpp"
#include "loadgen/run/crew.hpp"
#include "loadgen/run/host_state.hpp"
#include "loadgen/schedule/plan.hpp"
#include "loadgen/send/flow.hpp"

namespace kudp {
namespace {

// One thread's share.
class Blaster {
 public:
  Blaster(const Plan& plan, const Payload& payload, std::vector<Flow> flows,
          const RunOptions& options)
      : plan_(plan),
        batch_(options.batch),
        sender_(make_sender(options, std::move(flows), payload, options.batch)) {}

  void run() {
    plan_.wait_for_start();
    std::uint64_t sequence = 0;
    for (auto now = now_ns(); now < plan_.end.load(std::memory_order_relaxed); now = now_ns()) {
      const auto [sent, error] = sender_->send(batch_, sequence);
      if (error == SendError::no_room) sender_->wait_for_room();
      sequence += sent;
      if (now >= plan_.begin) sent_ += sent;
    }
  }

  std::uint64_t sent() const { return sent_; }
  const Sender& sender() const { return *sender_; }

 private:
  const Plan& plan_;
  std::size_t batch_;
  std::unique_ptr<Sender> sender_;
  std::uint64_t sent_ = 0;  // in the measured interval
};

}  // namespace

BlastResult blast(const RunOptions& options, Interrupt& interrupt) {
  check(options);
  const Payload payload(options.size, 0);
  Plan plan(0);
  std::vector<std::unique_ptr<Blaster>> blasters;
  auto flows = open_flows(options.target, options.flows, flow_options(options));
  for (std::size_t i = 0; i < options.threads; ++i)
    blasters.push_back(
        std::make_unique<Blaster>(plan, payload, share_of(flows, i, options.threads), options));

  BlastResult total;
  const HostState before = read_host_state();
  plan.start_soon(options.warmup, options.duration);
  Crew crew(plan, options.threads, options.cpus,
            [&](std::size_t thread) { blasters[thread]->run(); });
  total.signal = crew.supervise(interrupt, 0);
  crew.join();
  const HostState after = read_host_state();
  total.measured = std::max<std::int64_t>(plan.end - plan.begin, 0);
  std::uint64_t short_sends = 0;
  for (const auto& one : blasters) {
    total.sent += one->sent();
    total.refused += one->sender().refusals();
    total.no_room += one->sender().no_room();
    short_sends += one->sender().short_sends();
  }
  total.send_drops = send_drops(before, after, short_sends);
  return total;
}

}  // namespace kudp
