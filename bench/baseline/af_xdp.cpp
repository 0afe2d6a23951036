// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline/af_xdp.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <xdp/libxdp.h>
#include <xsk_redirect.skel.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "bench/baseline/device.hpp"
#include "bench/baseline/thread.hpp"
#include "bench/baseline/xsk.hpp"
#include "loadgen/base/frame.hpp"

namespace kudp::baseline {
namespace {

struct Destroy {
  void operator()(xsk_redirect_bpf* program) const { xsk_redirect_bpf::destroy(program); }
};
using Program = std::unique_ptr<xsk_redirect_bpf, Destroy>;

// How a queue is served; what the engines share does not change while they run.
struct Shared {
  const DeviceOptions& options;
  in_port_t own_port;
  unsigned text_sum;
  const std::atomic<bool>& stopping;
  int stop_event;
};

// The frame of a request is the frame of its reply: nothing is copied here. (In copy mode the
// kernel copies on both ways.)
class AfXdpEngine final : public Engine {
 public:
  AfXdpEngine(const Shared& shared, Xsk& xsk, Counters& counters)
      : shared_(shared), xsk_(xsk), counters_(counters) {}

  void run() override {
    while (!shared_.stopping.load(std::memory_order_relaxed)) {
      std::uint32_t first = 0;
      const unsigned count = xsk_.receive(shared_.options.batch, first);
      if (count == 0) {
        wait();
        continue;
      }
      counters_.received.add(count);
      for (unsigned i = 0; i < count; ++i) answer(xsk_.received(first + i));
      xsk_.release(count);
      xsk_.flush();
      // Waiting sends, too; what one call sends (32 frames in copy mode) is left to that.
      while (xsk_.waiting() > kSentByWait && !shared_.stopping) send_some();
      settle();
    }
    drain();
    counters_.receive_errors.add(xsk_.dropped());
  }

 private:
  static constexpr unsigned kSentByWait = 32;

  void answer(const xdp_desc& request) {
    Frame frame(xsk_.frame(request.addr));
    const Reply& reply = shared_.options.reply;
    const Verdict verdict =
        judge(reply, frame.payload_bytes(), frame.source_port(), shared_.own_port);
    if (verdict.decision != Decision::answer) {
      if (verdict.decision == Decision::refuse) counters_.refuse(verdict.refusal);
      return xsk_.give(request.addr);
    }
    frame.turn_round();
    if (reply.kind == ReplyKind::text) frame.replace(reply.text, shared_.text_sum);
    xsk_.send(request.addr, frame.bytes());
    ++sending_;
  }

  void send_some() {
    xsk_.kick();
    settle();
  }

  void settle() {
    const unsigned sent = xsk_.reap();
    if (!sent) return;
    xsk_.flush();
    sending_ -= sent;
    counters_.answered.add(sent);
  }

  void wait() {
    pollfd waited[2]{{xsk_.fd(), POLLIN, 0}, {shared_.stop_event, POLLIN, 0}};
    if (poll(waited, 2, -1) < 0 && errno != EINTR) counters_.receive_errors.add(1);
    settle();
  }

  // A reply that its receiver has not taken yet is in its frame still.
  void drain() {
    for (int i = 0; i < 50 && sending_; ++i) {
      send_some();
      if (sending_) poll(nullptr, 0, 1);
    }
  }

  const Shared& shared_;
  Xsk& xsk_;
  Counters& counters_;
  unsigned sending_ = 0;
};

class AfXdpServer final : public Serving {
 public:
  explicit AfXdpServer(const DeviceOptions& options)
      : options_(options),
        device_(find_device(options.device)),
        held_(options.listen),
        stop_event_(eventfd(0, EFD_CLOEXEC)),
        program_(load()),
        link_(bpf_program__fd(program_->progs.xsk_redirect), device_, options.mode),
        shared_{options_, program_->rodata->listen_port, sum_of(options_.reply.text), stopping_,
                stop_event_.get()} {
    check_sizes();
    for (unsigned queue = 0; queue < device_.queues; ++queue) start(queue);
  }

  ~AfXdpServer() override { stop(); }

  const Endpoint& address() const override { return held_.endpoint(); }

  std::string description() const override {
    return fmt::format("af_xdp({}) on {}, {} mode, {}, queues {}{}", options_.batch, device_.name,
                       link_.native() ? "native" : "generic",
                       workers_.front()->xsk->zero_copy() ? "zero-copy" : "copy", device_.queues,
                       options_.patient ? ", patient" : "");
  }

  Totals totals() const override {
    Totals totals;
    for (const auto& worker : workers_) totals += worker->counters;
    return totals;
  }

  std::vector<std::pair<std::string, Totals>> shares() const override {
    std::vector<std::pair<std::string, Totals>> shares;
    for (std::size_t i = 0; i < workers_.size(); ++i)
      shares.emplace_back(fmt::format("queue {}", i), Totals() += workers_[i]->counters);
    return shares;
  }

  void stop() override {
    link_.detach();
    stopping_.store(true, std::memory_order_relaxed);
    eventfd_write(stop_event_.get(), 1);
    for (const auto& worker : workers_)
      if (worker->thread.joinable()) worker->thread.join();
  }

 private:
  struct Worker {
    Counters counters;
    std::unique_ptr<Xsk> xsk;
    std::thread thread;
  };

  Program load() {
    Program program(xsk_redirect_bpf::open());
    if (!program) check_bpf(-errno, "af_xdp");
    auto& settings = *program->rodata;
    write_target(held_.endpoint(), settings.listen_ipv6, settings.listen_address,
                 settings.listen_port);
    bpf_map__set_max_entries(program->maps.sockets, device_.queues);
    check_bpf(xsk_redirect_bpf::load(program.get()), "af_xdp");
    return program;
  }

  void check_sizes() const {
    if (device_.mtu + sizeof(ethhdr) > Xsk::frame_room())
      throw std::runtime_error(
          fmt::format("{}: MTU {} is too large for AF_XDP's frames", device_.name, device_.mtu));
    if (options_.reply.text.size() + Frame::kHeaders6 > device_.mtu + sizeof(ethhdr))
      throw std::runtime_error(
          fmt::format("--text: with af_xdp it must fit {}'s MTU of {}", device_.name, device_.mtu));
  }

  void start(unsigned queue) {
    workers_.push_back(std::make_unique<Worker>());
    Worker& worker = *workers_.back();
    const auto& cpus = options_.cpus;
    try {
      worker.thread = start_engine(
          static_cast<int>(queue), cpus[queue % cpus.size()], options_.patient,
          [this, &worker, queue] {
            worker.xsk = std::make_unique<Xsk>(device_, queue, !link_.native(), options_.busy_poll);
            check_bpf(xsk_socket__update_xskmap(worker.xsk->socket(), map()), "af_xdp: queue");
            return std::make_unique<AfXdpEngine>(shared_, *worker.xsk, worker.counters);
          });
    } catch (...) {
      stop();
      throw;
    }
  }

  int map() const { return bpf_map__fd(program_->maps.sockets); }

  const DeviceOptions options_;
  const Device device_;
  const HeldAddress held_;
  const Fd stop_event_;
  const Program program_;
  XdpLink link_;
  std::atomic<bool> stopping_{false};
  const Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

std::unique_ptr<Serving> start_af_xdp(const DeviceOptions& options) {
  libbpf_set_print(nullptr);
  libxdp_set_print(nullptr);
  return std::make_unique<AfXdpServer>(options);
}

}  // namespace kudp::baseline
