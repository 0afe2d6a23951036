// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "bench/baseline/af_xdp.hpp"
#include "bench/baseline/turn.hpp"
#include "loadgen/base/cpus.hpp"

namespace kudp::baseline {
namespace {

// The longest text that fits a datagram over IPv4 as well as IPv6.
constexpr std::size_t kMaxText = 65507;

XdpMode mode_of(const std::string& name) {
  if (name == "any") return XdpMode::any;
  return name == "native" ? XdpMode::native : XdpMode::generic;
}

}  // namespace

Command::Command(CLI::App& app) : app_(app) {
  app_.require_subcommand(1);
  add_recvfrom();
  add_socket_server(EngineKind::recvmmsg, "recvmmsg",
                    "a pinned thread and socket per CPU, a batch of datagrams per call");
  add_socket_server(EngineKind::recvmmsg_gro, "recvmmsg-gro",
                    "the same, with super-packets (UDP_GRO, UDP_SEGMENT)");
  add_socket_server(EngineKind::io_uring, "io_uring",
                    "the same, with io_uring: multishot receive, a batch of sends per call");
  add_af_xdp();
  add_xdp();
  add_tc();
}

CLI::App& Command::add(const char* name, const char* help) {
  CLI::App& command = *app_.add_subcommand(name, help);
  command.add_option("--listen", listen_, "ADDRESS:PORT; [::]:PORT includes IPv4")
      ->capture_default_str();
  return command;
}

void Command::add_reply(CLI::App& command) {
  command.add_option("--reply", reply_, "the reply: echo, discard or text")
      ->check(CLI::IsMember({"echo", "discard", "text"}))
      ->capture_default_str();
  command.add_option("--text", text_, "what --reply text sends")->each([this](const std::string&) {
    text_given_ = true;
  });
  command.add_flag("--amplify", options_.reply.amplify,
                   "reply even if the text is longer than the request");
}

void Command::add_cpus(CLI::App& command, const char* help) {
  command.add_option("--cpus", cpus_, help);
}

void Command::add_batch(CLI::App& command) {
  command.add_option("--batch", options_.batch, "most datagrams per call")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
}

void Command::add_patient(CLI::App& command) {
  command.add_flag("--patient", options_.patient,
                   "threads do not preempt (SCHED_BATCH): larger batches, later replies");
}

void Command::add_recvfrom() {
  CLI::App& command = add("recvfrom", "one socket, one thread, one datagram per call");
  add_reply(command);
  command.add_option("--rcvbuf", options_.buffer_bytes, "size of the socket's buffers, bytes")
      ->check(CLI::Range(4096, 1 << 30))
      ->capture_default_str();
  add_cpus(command, "CPUs such as 0,2-5; the thread is pinned to the first");
  add_patient(command);
  command.callback([this] {
    if (!cpus_.empty()) options_.cpus = {parse_cpus(cpus_).front()};
    start_ = [this] { return std::make_unique<Server>(options_); };
  });
}

void Command::add_socket_server(EngineKind engine, const char* name, const char* help) {
  CLI::App& command = add(name, help);
  add_reply(command);
  command.add_option("--rcvbuf", options_.buffer_bytes, "size of each socket's buffers, bytes")
      ->check(CLI::Range(4096, 1 << 30))
      ->capture_default_str();
  add_cpus(command, "CPUs such as 0,2-5, one thread on each [all]");
  add_batch(command);
  add_patient(command);
  if (engine == EngineKind::io_uring)
    command.add_flag("!--no-segments", options_.segments, "without UDP_GRO and UDP_SEGMENT");
  command.callback([this, engine] {
    options_.engine = engine;
    set_cpus();
    start_ = [this] { return std::make_unique<Server>(options_); };
  });
}

void Command::add_device(CLI::App& command) {
  command.add_option("--device", device_.device, "the network device that receives the datagrams")
      ->required();
}

void Command::add_mode(CLI::App& command, const std::string& mode) {
  command
      .add_option("--mode", mode_,
                  "XDP mode: native (in the driver), generic, or any: native where supported")
      ->check(CLI::IsMember({"any", "native", "generic"}))
      ->default_str(mode);
  command.preparse_callback([this, mode](std::size_t) { mode_ = mode; });
}

void Command::add_af_xdp() {
  CLI::App& command = add("af_xdp", "a pinned thread and AF_XDP socket per queue of a device");
  add_device(command);
  add_mode(command, "any");
  add_reply(command);
  add_cpus(command, "CPUs such as 0,2-5, to which the queues' threads are pinned in turn [all]");
  add_batch(command);
  command.add_option("--busy-poll", device_.busy_poll, "time to poll, microseconds; 0: off")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  add_patient(command);
  command.callback([this] {
    set_cpus();
    start_ = [this] { return start_af_xdp(device_); };
  });
}

// Generic: a veth sends what a program in its driver turns round only if its peer has XDP or GRO.
void Command::add_xdp() {
  CLI::App& command = add("xdp", "an XDP program that sends datagrams back (XDP_TX); echo only");
  add_device(command);
  add_mode(command, "generic");
  add_reply(command);
  command.callback([this] {
    if (reply_ != "echo") throw std::runtime_error("xdp: answers with --reply echo only");
    start_ = [this] { return start_xdp(device_); };
  });
}

void Command::add_tc() {
  CLI::App& command = add("tc", "a BPF program at tc ingress that sends datagrams back; echo only");
  add_device(command);
  command.footer(
      "If killed, it leaves the program attached; remove it with tc qdisc del dev DEVICE clsact.");
  command.callback([this] { start_ = [this] { return start_tc(device_); }; });
}

void Command::set_reply() {
  Reply& reply = options_.reply;
  if (reply_ == "discard") reply.kind = ReplyKind::discard;
  if (reply_ == "text") reply.kind = ReplyKind::text;
  const bool text = reply.kind == ReplyKind::text;
  if (text != text_given_)
    throw std::runtime_error(text ? "--reply text needs --text" : "--text is for --reply text");
  if (reply.amplify && !text) throw std::runtime_error("--amplify is for --reply text");
  if (text_.size() > kMaxText)
    throw std::runtime_error(fmt::format("--text: longer than {} bytes", kMaxText));
  reply.text = std::move(text_);
}

void Command::set_cpus() {
  options_.cpus = cpus_.empty() ? allowed_cpus() : parse_cpus(cpus_);
  auto sorted = options_.cpus;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end())
    throw std::runtime_error(fmt::format("--cpus: CPU {} is there twice", *twice));
}

void Command::parse(int argc, char** argv) {
  app_.parse(argc, argv);
  options_.listen = resolve(listen_);
  set_reply();
  device_.listen = options_.listen;
  device_.mode = mode_of(mode_);
  device_.reply = options_.reply;
  device_.cpus = options_.cpus;
  device_.batch = options_.batch;
  device_.patient = options_.patient;
}

}  // namespace kudp::baseline
