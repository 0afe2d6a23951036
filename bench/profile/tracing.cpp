// SPDX-License-Identifier: GPL-2.0-only
#include "bench/profile/tracing.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace kudp::profile {
namespace {

constexpr const char* kGroup = "kudp_profile";
// Where the function graph begins.
constexpr const char* kAlways = "net_rx_action schedule ";
constexpr const char* kKernelServers = "kudp_answer kernel_recvmsg kernel_sendmsg";
constexpr const char* kSystemCalls =
    "__sys_recvfrom __sys_sendto do_recvmmsg __sys_sendmmsg __do_sys_io_uring_enter";
constexpr const char* kStages[] = {"softirq", "queue", "wake_up", "service", "reply"};
// "FILE VALUE" for each file of the global buffer that is changed, with what it held before: so a
// run that is killed leaves word of it.
constexpr const char* kChanged = "/run/kudp-profile";

std::string tracefs() {
  for (const char* folder : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"})
    if (access((std::string(folder) + "/instances").c_str(), F_OK) == 0) {
      if (access((std::string(folder) + "/instances").c_str(), W_OK) == 0) return folder;
      throw std::runtime_error(std::string(folder) + ": tracing is not permitted: want root");
    }
  throw std::runtime_error(
      "no tracefs here: want root, a kernel with CONFIG_FTRACE, and tracefs mounted on "
      "/sys/kernel/tracing");
}

bool try_write(const std::string& path, const std::string& text, int flags = O_WRONLY) {
  const Fd file(open(path.c_str(), flags | O_CLOEXEC));
  return file.get() >= 0 &&
         ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Of all CPUs' buffers in a folder of tracefs.
std::uint64_t lost_in(const std::string& folder) {
  std::uint64_t sum = 0;
  for (const auto& cpu : std::filesystem::directory_iterator(folder + "/per_cpu")) {
    std::istringstream stats(read_file(cpu.path() / "stats"));
    for (std::string line; std::getline(stats, line);)
      for (const char* name : {"overrun: ", "commit overrun: ", "dropped events: "})
        if (line.starts_with(name)) sum += std::stoull(line.substr(std::strlen(name)));
  }
  return sum;
}

// What `share` of the values do not exceed, as far as buckets by powers of two tell.
std::uint64_t at_most(const std::vector<std::uint64_t>& log2, double share, std::uint64_t count) {
  std::uint64_t sum = 0;
  std::size_t bucket = 0;
  for (; bucket + 1 < log2.size(); ++bucket)
    if (static_cast<double>(sum += log2[bucket]) > share * static_cast<double>(count)) break;
  return std::uint64_t{1} << bucket;
}

void empty_file(const std::string& path) {
  const Fd emptied(open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
}

// What a file of tracefs is set to, as it is written there.
std::string setting(const std::string& root, const std::string& file) {
  auto text = read_file(root + "/" + file);
  if (file == "set_graph_function") {  // a function a line, or a remark that there is none
    if (text.starts_with('#')) return {};
    std::ranges::replace(text, '\n', ' ');
    return text;
  }
  if (file == "trace_clock") text = text.substr(text.find('[') + 1);
  return text.substr(0, text.find_first_of(" ]\n"));
}

// Undoes what kChanged tells, the last first.
void put_back(const std::string& root) {
  std::vector<std::string> lines;
  std::istringstream changed(read_file(kChanged));
  for (std::string line; std::getline(changed, line);) lines.insert(lines.begin(), line);
  if (lines.empty()) return;
  if (read_file(root + "/current_tracer") == "function_graph\n")
    try_write(root + "/current_tracer", "nop");
  for (const auto& line : lines) {
    const auto space = line.find(' ');
    const auto file = root + "/" + line.substr(0, space);
    if (!line.starts_with("set_graph_function")) {
      try_write(file, line.substr(space + 1));
      continue;
    }
    empty_file(file);
    std::istringstream words(line.substr(space + 1));
    for (std::string word; words >> word;) try_write(file, word, O_WRONLY | O_APPEND);
  }
  empty_file(kChanged);
}

}  // namespace

void write_file(const std::string& path, const std::string& text) {
  if (!try_write(path, text))
    throw std::runtime_error(fmt::format("{}: {}: {}", path, text, std::strerror(errno)));
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Tracing::Tracing(std::size_t buffer_kib)
    : root_(tracefs()), folder_(root_ + "/instances/" + kInstance) {
  clean();
  if (mkdir(folder_.c_str(), 0700))
    throw std::runtime_error(fmt::format("{}: {}", folder_, std::strerror(errno)));
  // "7 (expanded: 1408)" until the first use of tracing. To the kernel a size set in any instance
  // is that, and it would leave the global buffer as small as it is.
  const auto global = read_file(root_ + "/buffer_size_kb");
  write_file(folder_ + "/buffer_size_kb", std::to_string(buffer_kib));
  if (const auto at = global.find("expanded: "); at != global.npos)
    write_file(root_ + "/buffer_size_kb", std::to_string(std::atoi(global.c_str() + at + 10)));
  write_file(folder_ + "/trace_clock", "mono");
  for (const char* definition :
       {"p:kudp_profile/deliver udp_unicast_rcv_skb skb=%si",
        "p:kudp_profile/deliver udp6_unicast_rcv_skb skb=%si",
        "r:kudp_profile/take __skb_recv_udp skb=$retval",
        "p:kudp_profile/out __ip_local_out skb=%dx", "p:kudp_profile/out __ip6_local_out skb=%dx",
        "p:kudp_profile/answer kudp:kudp_answer skb=%si"})
    if (!probe(definition) && std::string(definition).find(" kudp:") == std::string::npos)
      missing_.push_back(fmt::format("this kernel has no probe \"{}\"", definition));
}

Tracing::~Tracing() {
  clean();
}

// Triggers hold events, events hold probes, so in this order.
void Tracing::clean() {
  for (auto at = triggers_.rbegin(); at != triggers_.rend(); ++at)
    try_write(folder_ + "/events/" + at->first + "/trigger", "!" + at->second);
  triggers_.clear();
  if (access(folder_.c_str(), F_OK) == 0) {
    try_write(folder_ + "/events/enable", "0");
    rmdir(folder_.c_str());
  }
  for (const char* stage : kStages)
    try_write(root_ + "/synthetic_events", fmt::format("!kudp_{} u64 ns", stage),
              O_WRONLY | O_APPEND);
  for (const char* name : {"deliver", "take", "out", "answer"})
    try_write(root_ + "/kprobe_events", fmt::format("-:{}/{}", kGroup, name), O_WRONLY | O_APPEND);
}

bool Tracing::probe(const std::string& definition) {
  return try_write(root_ + "/kprobe_events", definition, O_WRONLY | O_APPEND);
}

bool Tracing::enable(const std::string& event) {
  return try_write(folder_ + "/events/" + event + "/enable", "1");
}

bool Tracing::trigger(const std::string& event, const std::string& text) {
  if (!try_write(folder_ + "/events/" + event + "/trigger", text)) {
    missing_.push_back(fmt::format("trigger of {}: {}: {}", event, text, std::strerror(errno)));
    return false;
  }
  triggers_.emplace_back(event, text);
  return true;
}

void Tracing::record_events() {
  for (const char* event :
       {"net/netif_rx", "net/netif_receive_skb", "net/net_dev_queue", "net/net_dev_start_xmit",
        "sched/sched_waking", "sched/sched_switch", "sched/sched_migrate_task", "irq",
        "irq_vectors/local_timer_entry", "kudp", "kudp_profile/deliver", "kudp_profile/take",
        "kudp_profile/out", "kudp_profile/answer"})
    if (!enable(event) && std::string(event).find("kudp") != 0)
      missing_.push_back(fmt::format("this kernel has no event {}", event));
}

void Tracing::count_stages(const std::string& device) {
  for (const char* stage : kStages)
    if (!try_write(root_ + "/synthetic_events", fmt::format("kudp_{} u64 ns", stage),
                   O_WRONLY | O_APPEND)) {
      missing_.push_back(fmt::format(
          "this kernel does not add up stages: no synthetic event kudp_{} (CONFIG_SYNTH_EVENTS)",
          stage));
      return;
    }
  const auto here = fmt::format(" if name == \"{}\"", device);
  const std::string key = "hist:keys=skb:size=8192", address = "hist:keys=skbaddr:size=8192";
  trigger("net/netif_rx", address + ":arrived=common_timestamp" + here);
  trigger("kudp_profile/deliver",
          key +
              ":delivered=common_timestamp,softirq=common_timestamp-$arrived:"
              "onmatch(net.netif_rx).kudp_softirq($softirq)");
  for (const char* taker : {"take", "answer"}) {
    const auto event = fmt::format("kudp_profile/{}", taker);
    if (access((folder_ + "/events/" + event).c_str(), F_OK)) continue;
    trigger(event, fmt::format("{0}:{1}n=common_timestamp,{1}d=common_timestamp-$delivered:"
                               "onmatch(kudp_profile.deliver).kudp_queue(${1}d)",
                               key, taker));
  }
  trigger("kudp_profile/out", key + ":replied=common_timestamp");
  if (!access((folder_ + "/events/kudp_profile/answer").c_str(), F_OK))
    trigger("kudp_profile/out", key +
                                    ":service=common_timestamp-$answern:"
                                    "onmatch(kudp_profile.answer).kudp_service($service)");
  trigger("net/net_dev_start_xmit", address +
                                        ":reply=common_timestamp-$replied:"
                                        "onmatch(kudp_profile.out).kudp_reply($reply)" +
                                        here);
  const std::string servers =
      "comm ~ \"kudp/*\" || comm ~ \"baseline/*\" || comm == \"kudp-baseline\"";
  trigger("sched/sched_waking", "hist:keys=pid:woken=common_timestamp if " + servers);
  trigger("sched/sched_switch",
          "hist:keys=next_pid:wait=common_timestamp-$woken:"
          "onmatch(sched.sched_waking).kudp_wake_up($wait)");
  for (const char* stage : kStages)
    trigger(fmt::format("synthetic/kudp_{}", stage), "hist:keys=ns.log2:vals=ns");
}

// "{ ns: ~ 2^9  } hitcount:   12  ns:   5301" for each bucket, of 257 to 512 here.
std::vector<nlohmann::ordered_json> Tracing::counted() const {
  std::vector<nlohmann::ordered_json> records;
  for (const char* stage : kStages) {
    std::istringstream text(
        read_file(fmt::format("{}/events/synthetic/kudp_{}/hist", folder_, stage)));
    std::uint64_t count = 0, sum = 0;
    std::vector<std::uint64_t> log2;
    for (std::string line; std::getline(text, line);) {
      const auto power = line.find("2^"), hits = line.find("hitcount:");
      const auto values = line.find(" ns:", hits == line.npos ? 0 : hits);
      if (power == line.npos || hits == line.npos || values == line.npos) continue;
      const auto bucket = std::stoul(line.substr(power + 2));
      const auto number = std::stoull(line.substr(hits + 9));
      count += number;
      sum += std::stoull(line.substr(values + 4));
      if (log2.size() <= bucket) log2.resize(bucket + 1);
      log2[bucket] += number;
    }
    if (count == 0) continue;
    std::string name(stage);
    std::ranges::replace(name, '_', '-');  // which no event's name may have
    nlohmann::ordered_json record{{"record", "hist"}, {"stage", name}, {"count", count}};
    record["mean_ns"] = static_cast<double>(sum) / static_cast<double>(count);
    record["p50_at_most_ns"] = at_most(log2, 0.5, count);
    record["p99_at_most_ns"] = at_most(log2, 0.99, count);
    record["log2"] = log2;
    records.push_back(record);
  }
  return records;
}

void Tracing::clear() {
  empty_file(folder_ + "/trace");
}

void Tracing::stop() {
  write_file(folder_ + "/tracing_on", "0");
  write_file(folder_ + "/events/enable", "0");
}

std::uint64_t Tracing::lost() const {
  return lost_in(folder_);
}

OnlyRun::OnlyRun() : file_(open(kChanged, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (file_.get() < 0) throw std::system_error(errno, std::generic_category(), kChanged);
  if (flock(file_.get(), LOCK_EX | LOCK_NB))
    throw std::runtime_error("another kudp-profile is tracing: one at a time");
  put_back(tracefs());
}

FunctionGraph::FunctionGraph(bool kernel_server, int depth, std::size_t buffer_kib)
    : root_(tracefs()) {
  const auto tracer = setting(root_, "current_tracer");
  if (tracer != "nop")
    throw std::runtime_error(fmt::format("another tracer is on in the global buffer: {}", tracer));
  if ((" " + read_file(root_ + "/available_tracers")).find(" function_graph") == std::string::npos)
    throw std::runtime_error("this kernel has no function_graph (CONFIG_FUNCTION_GRAPH_TRACER)");
  try {
    change("buffer_size_kb", std::to_string(buffer_kib));
    change("trace_clock", "mono");
    change("max_graph_depth", std::to_string(depth));
    change("options/sleep-time", "0");
    change("tracing_on", "1");
    change("set_graph_function", "");
    std::istringstream words(std::string(kAlways) +
                             (kernel_server ? kKernelServers : kSystemCalls));
    for (std::string word; words >> word;)
      try_write(root_ + "/set_graph_function", word, O_WRONLY | O_APPEND);
    write_file(root_ + "/current_tracer", "function_graph");
  } catch (...) {
    put_back(root_);
    throw;
  }
}

FunctionGraph::~FunctionGraph() {
  put_back(root_);
}

void FunctionGraph::change(const std::string& file, const std::string& value) {
  if (!try_write(kChanged, fmt::format("{} {}\n", file, setting(root_, file)), O_WRONLY | O_APPEND))
    throw std::runtime_error(fmt::format("{}: {}", kChanged, std::strerror(errno)));
  if (value.empty())
    empty_file(root_ + "/" + file);
  else
    write_file(root_ + "/" + file, value);
}

// The tracer itself must stay for now: what is in the buffer would go with it.
void FunctionGraph::stop() {
  try_write(root_ + "/tracing_on", "0");
}

std::uint64_t FunctionGraph::lost() const {
  return lost_in(root_);
}

}  // namespace kudp::profile
