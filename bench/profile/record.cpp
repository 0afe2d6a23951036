// SPDX-License-Identifier: GPL-2.0-only
#include "bench/profile/record.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <system_error>

#include "bench/cost/client.hpp"
#include "bench/cost/clock.hpp"
#include "bench/cost/network.hpp"
#include "bench/cost/server.hpp"
#include "bench/profile/stages.hpp"
#include "bench/profile/tracing.hpp"
#include "loadgen/base/clock.hpp"
#include "loadgen/base/interrupt.hpp"
#include "loadgen/base/json_lines.hpp"

namespace kudp::profile {
namespace {

constexpr std::size_t kBufferKib = 32 << 10;
constexpr int kDepth = 49;  // as many calls as the kernel keeps of a thread, which has room for 50
constexpr std::size_t kFunctionsShare = 8;            // a request has some hundred calls
constexpr std::int64_t kSettle = 250 * kMillisecond;  // of the scheduler's averages, at most
constexpr std::size_t kSettlePhases = 4;              // as many requests as so many phases have

using Json = nlohmann::ordered_json;

bool counts_instructions() {
  try {
    cost::check_clock_counts_instructions();
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

// Of all CPUs, since the machine was started.
std::uint64_t context_switches() {
  const auto text = read_file("/proc/stat");
  const auto at = text.find("\nctxt ");
  return at == text.npos ? 0 : std::strtoull(text.c_str() + at + 6, nullptr, 10);
}

// A server under its load, asked again and again.
class Session {
 public:
  Session(const Recording& recording, Interrupt& interrupt)
      : recording_(recording),
        interrupt_(interrupt),
        server_(cost::start(cost::server_named(recording.server), recording.load, network_)),
        client_(cost::make_client(
            recording.load,
            resolve(cost::with_port(cost::Network::server_address(recording.load.family),
                                    cost::kServerPort)),
            network_.client())) {
    const auto end = now_ns() + kSettle;
    for (std::size_t asked = 0; asked < kSettlePhases * recording.requests && now_ns() < end;
         asked += recording.load.burst)
      ask();
  }

  // As many requests as a phase has: {"requests", "ns_per_request", "p99_ns", ...}, where the
  // percentiles are of whole bursts. What the CPU idled is not in it.
  Json measure(std::size_t share = 1) {
    std::vector<std::int64_t> bursts;
    const auto count =
        std::max<std::size_t>(1, recording_.requests / share / recording_.load.burst);
    const auto idle = cost::idle_ns();
    const auto switches = context_switches();
    const auto start = now_ns();
    for (std::size_t i = 0; i < count; ++i) {
      const auto before = now_ns();
      ask();
      bursts.push_back(now_ns() - before);
    }
    const auto elapsed = now_ns() - start - (counts_ ? cost::idle_ns() - idle : 0);
    const auto switched = static_cast<double>(context_switches() - switches);
    const auto requests = count * recording_.load.burst;
    const auto each = static_cast<double>(elapsed) / static_cast<double>(requests);
    const auto spread = distribution(std::move(bursts));
    return {{"requests", requests},
            {"ns_per_request", each},
            {"goodput_per_s", 1e9 / each},
            {"switches_per_request", switched / static_cast<double>(requests)},
            {"burst_p50_ns", spread["p50_ns"]},
            {"burst_p99_ns", spread["p99_ns"]}};
  }

  void ask() {
    if (const int number = interrupt_.wait(0))
      throw std::runtime_error(fmt::format("ended by signal {}", number));
    if (const auto lost = client_->burst())
      throw std::runtime_error(fmt::format("{} requests got no reply in a second", lost));
  }

  std::string config() const { return server_->config(); }
  bool counts_instructions() const { return counts_; }

 private:
  const Recording& recording_;
  Interrupt& interrupt_;
  const bool counts_ = profile::counts_instructions();
  const cost::Network network_;
  const std::unique_ptr<cost::RunningServer> server_;
  const std::unique_ptr<cost::Client> client_;
};

// The binary trace of an instance, or of the global buffer, to `file`. Without -k trace-cmd would
// end what another traces in the global buffer.
void extract(const std::string& instance, const std::string& file) {
  const auto command = fmt::format("trace-cmd extract -k {} -o '{}' 2>&1 >/dev/null",
                                   instance.empty() ? "" : "-B " + instance, file);
  std::FILE* const pipe = popen(command.c_str(), "re");
  if (!pipe) throw std::system_error(errno, std::generic_category(), "trace-cmd");
  std::string said;
  for (int c; (c = std::fgetc(pipe)) != EOF;) said += static_cast<char>(c);
  if (pclose(pipe) == 0) return;
  // What is left to write may find room there.
  for (const auto& path : {file, file + ".cpu0"}) std::filesystem::remove(path);
  said.erase(std::min(said.find('\n'), said.size()));
  throw std::runtime_error(fmt::format("trace-cmd extract -o {} failed: {}", file, said));
}

Json header(const Recording& recording, const Session& session) {
  utsname name;
  uname(&name);
  Json record{{"record", "header"}, {"schema", 1}, {"tool", "profile"}};
  for (const auto& fact : recording.facts) {
    const auto equals = fact.find('=');
    record[fact.substr(0, equals)] = fact.substr(equals + 1);
  }
  record["kernel"] = name.release;
  record["server"] = recording.server;
  record["config"] = session.config();
  record["load"] = recording.load.name();
  record["clock"] = session.counts_instructions() ? "instructions" : "time";
  return record;
}

class Recorder {
 public:
  Recorder(const Recording& recording, Session& session)
      : recording_(recording),
        session_(session),
        json_(recording.folder + "/record.json", "--out") {
    json_.write(header(recording, session));
  }

  void run() {
    price("off", session_.measure(), 0);
    attempt("hist", [this] { hist(); });
    attempt("events", [this] { events(); });
    if (recording_.functions) attempt("functions", [this] { functions(); });
    price("off again", session_.measure(), 0);
  }

 private:
  void hist() {
    Tracing tracing(kBufferKib);
    tracing.count_stages(cost::Network::kServerDevice);
    const auto cost = session_.measure();
    tracing.stop();
    price("hist", cost, tracing.lost());
    for (const auto& record : tracing.counted()) json_.write(record);
    warn(tracing.missing());
  }

  void events() {
    Tracing tracing(kBufferKib);
    tracing.record_events();
    session_.ask();  // a thread that waits in a probed function is probed when it enters it again
    tracing.clear();
    const auto cost = session_.measure();
    tracing.stop();
    price("events", cost, tracing.lost());
    warn(tracing.missing());
    extract(Tracing::kInstance, recording_.folder + "/trace.dat");
  }

  void functions() {
    const bool kernel = cost::server_named(recording_.server).kind == cost::Kind::kernel;
    FunctionGraph graph(kernel, kDepth, kBufferKib);
    const auto cost = session_.measure(kFunctionsShare);
    graph.stop();
    price("functions", cost, graph.lost());
    extract("", recording_.folder + "/functions.dat");
  }

  void price(const char* mode, Json cost, std::uint64_t lost) {
    Json record{{"record", "price"}, {"tracing", mode}, {"lost_events", lost}};
    record.update(cost);
    json_.write(record);
    fmt::print(stderr, "{:<10} {:>9.0f} ns a request, p99 of a burst {} ns, {} events lost\n", mode,
               cost["ns_per_request"].get<double>(), cost["burst_p99_ns"].dump(), lost);
  }

  void warn(const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      if (!warned_.insert(text).second) continue;  // each phase would say it again
      json_.write({{"record", "warning"}, {"text", text}});
      fmt::print(stderr, "profile: {}\n", text);
    }
  }

  // What could still be made is made.
  template <class Work>
  void attempt(const char* mode, Work work) {
    try {
      work();
    } catch (const std::exception& error) {
      if (std::string_view(error.what()).starts_with("ended by signal")) throw;
      warn({fmt::format("{}: {}", mode, error.what())});
    }
  }

  const Recording& recording_;
  Session& session_;
  JsonLines json_;
  std::set<std::string> warned_;
};

}  // namespace

void record(const Recording& recording) {
  if (geteuid() != 0) throw std::runtime_error("want root, to trace and to make namespaces");
  if (std::system("command -v trace-cmd >/dev/null") != 0)
    throw std::runtime_error("no trace-cmd here: run scripts/setup profile");
  const OnlyRun alone;
  { const Tracing permitted(64); }  // or it throws, before anything is started
  Interrupt interrupt;
  if (cost::server_named(recording.server).kind == cost::Kind::kernel) cost::load_module();
  Session session(recording, interrupt);
  Recorder(recording, session).run();
}

}  // namespace kudp::profile
