// SPDX-License-Identifier: GPL-2.0-only
#include "bench/profile/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "bench/cost/network.hpp"
#include "bench/profile/chrome.hpp"
#include "bench/profile/event.hpp"
#include "bench/profile/functions.hpp"
#include "bench/profile/schedule.hpp"
#include "bench/profile/stages.hpp"
#include "loadgen/base/json_lines.hpp"

namespace kudp::profile {
namespace {

// Beyond this share tracing has changed what it shows.
constexpr double kChanged = 0.5;
constexpr double kCutShort = 0.01;   // of the calls
constexpr std::size_t kExcerpt = 2;  // requests into the run, so that it is warm

// `trace-cmd report` of a file, in a temporary file that goes with the object.
class ReportText {
 public:
  explicit ReportText(const std::string& dat) : path_(dat + ".txt") {
    const auto command = fmt::format("trace-cmd report -t -i '{}' >'{}' 2>/dev/null", dat, path_);
    const int status = std::system(command.c_str());
    file_.open(path_);
    if (status != 0 || file_.peek() == std::ifstream::traits_type::eof())
      throw std::runtime_error(fmt::format("{}: trace-cmd cannot read it; cut off?", dat));
  }
  ~ReportText() { std::filesystem::remove(path_); }

  std::istream& text() { return file_; }

 private:
  const std::string path_;
  std::ifstream file_;
};

class Reporter {
 public:
  explicit Reporter(const std::string& folder)
      : folder_(folder), records_(read_records(folder + "/record.json")) {
    for (const auto& record : records_) {
      if (record.at("record") == "header") header_ = record;
      if (record.at("record") == "price") prices_[record.at("tracing")] = record;
      if (record.at("record") == "warning") ++warnings_;
    }
    if (header_.is_null()) throw std::runtime_error(folder + "/record.json: no header record");
  }

  int run() {
    attempt("trace.dat", [this](Report& report) { stages(report); });
    if (prices_.contains("functions"))
      attempt("functions.dat", [this](Report& report) { functions(report); });
    compare_prices();
    JsonLines json(folder_ + "/profile.json");
    for (const auto& record : records_) json.write(record);
    chrome_.write(folder_ + "/chrome.json");
    return warnings_ > 0 ? 3 : 0;
  }

 private:
  template <class Work>
  void attempt(const char* file, Work work) {
    try {
      ReportText text(folder_ + "/" + file);
      Report report(text.text());
      work(report);
      if (report.broken())
        warn(fmt::format("{}: {} lines could not be read", file, report.broken()));
    } catch (const std::exception& error) {
      warn(error.what());
    }
  }

  void warn(const std::string& text) {
    ++warnings_;
    note(text);
  }

  void note(const std::string& text) {
    records_.push_back({{"record", "warning"}, {"text", text}});
    fmt::print(stderr, "profile: {}\n", text);
  }

  void stages(Report& report) {
    StageClock clock(cost::Network::kServerDevice, cost::Network::kClientDevice);
    Schedule schedule;
    std::vector<Event> events;
    while (auto event = report.next()) {
      clock.add(*event);
      schedule.add(*event);
      chrome_.add(*event);
      events.push_back(std::move(*event));
    }
    if (clock.requests().empty())
      throw std::runtime_error("trace.dat: no request was seen from its beginning to its end");
    auto stages = stage_records(header_.at("server"), clock.requests());
    add_net(stages, events);
    JsonLines json(folder_ + "/stages.json");
    json.write(header_);
    for (const auto& record : stages) {
      json.write(record);
      records_.push_back(record);
      print(record);
    }
    for (const auto& record : records_)
      if (record.at("record") == "hist") json.write(record);
    for (const Request& request : clock.requests()) chrome_.add(request);
    for (const auto& record : schedule.records()) records_.push_back(record);
    if (clock.incomplete())
      warn(fmt::format("{} requests of {} were not seen to the end", clock.incomplete(),
                       clock.incomplete() + clock.requests().size()));
    excerpt(events, clock.requests());
  }

  // Where one CPU's clock counts instructions, what tracing added to a stage is the number of
  // events in it times what one costs on average, known from the price: "net_ns" is the mean
  // without.
  void add_net(std::vector<Json>& stages, std::vector<Event> events) const {
    if (header_.at("clock") != "instructions" || !prices_.contains("off")) return;
    const Json& price = prices_.at("events");
    const double added = (price.at("ns_per_request").get<double>() -
                          prices_.at("off").at("ns_per_request").get<double>()) *
                         price.at("requests").get<double>() / static_cast<double>(events.size());
    StageClock clock(cost::Network::kServerDevice, cost::Network::kClientDevice);
    double so_far = 0;
    for (Event& event : events) {
      event.ns -= std::llround(so_far);
      clock.add(event);
      so_far += added;
    }
    const auto net = stage_records(header_.at("server"), clock.requests());
    for (std::size_t i = 0; i < stages.size(); ++i) stages[i]["net_ns"] = net[i].at("mean_ns");
  }

  static void print(const Json& record) {
    if (record.at("stage") == "softirq")
      fmt::print("{:<10} {:>8} {:>12} {:>12} {:>12} {:>14}\n", "stage", "count", "mean ns",
                 "p50 ns", "p99 ns", "less tracing");
    fmt::print(
        "{:<10} {:>8} {:>12.0f} {:>12} {:>12} {:>14}\n", record.at("stage").get<std::string>(),
        record.at("count").get<std::size_t>(), record.at("mean_ns").get<double>(),
        record.at("p50_ns").get<std::int64_t>(), record.at("p99_ns").get<std::int64_t>(),
        record.contains("net_ns") ? fmt::format("{:.0f}", record["net_ns"].get<double>()) : "-");
  }

  // All that happened while one request was on its way: of a median one, late enough to be warm.
  void excerpt(const std::vector<Event>& events, const std::vector<Request>& requests) {
    const Request& request = requests[std::min(requests.size() - 1, requests.size() / kExcerpt)];
    std::ofstream out(folder_ + "/request.txt");
    out << fmt::format(
        "One request, skb {:x}, in nanoseconds after it was given to the client's device.\n"
        "Other requests' events in between are left in.\n\n",
        request.skb);
    for (const Event& event : events) {
      if (event.ns < request.sent || event.ns > request.returned) continue;
      const auto text =
          event.text.substr(std::min(event.text.find_first_not_of(' '), event.text.size()));
      out << fmt::format("{:>10} [{}] {}-{} {}: {}\n", event.ns - request.sent, event.cpu,
                         event.comm, event.pid, event.name, text);
    }
    if (!out.flush()) throw std::runtime_error(folder_ + "/request.txt: cannot be written");
  }

  void functions(Report& report) {
    FunctionTree tree;
    while (const auto event = report.next()) {
      tree.add(*event);
      chrome_.add(*event);
    }
    // Some calls were going on when tracing began and when it ended.
    if (static_cast<double>(tree.unmatched()) > kCutShort * static_cast<double>(tree.calls()))
      warn(fmt::format("functions.dat: {} calls without a beginning or an end", tree.unmatched()));
    Json note{{"record", "functions"},
              {"requests", prices_.at("functions").at("requests")},
              {"calls", tree.calls()}};
    note["tracing_ns_per_call"] = tree.correct();
    records_.push_back(note);
    for (const auto& record : tree.records()) records_.push_back(record);
    std::ofstream out(folder_ + "/stacks.txt");
    out << tree.collapsed();
    if (!out.flush()) throw std::runtime_error(folder_ + "/stacks.txt: cannot be written");
  }

  void compare_prices() {
    if (!prices_.contains("off")) return;
    const auto off = prices_.at("off").at("ns_per_request").get<double>();
    for (const auto& [mode, price] : prices_) {
      const auto more = price.at("ns_per_request").get<double>() / off - 1;
      if (more > kChanged)
        note(fmt::format("tracing changed the picture: {} made a request {:.0f} % longer", mode,
                         100 * more));
      if (price.at("lost_events") != 0)
        warn(fmt::format("{}: {} events were lost", mode,
                         price.at("lost_events").get<std::uint64_t>()));
    }
  }

  const std::string folder_;
  std::vector<Json> records_;
  Json header_;
  std::map<std::string, Json> prices_;
  Chrome chrome_;
  int warnings_ = 0;
};

}  // namespace

std::vector<Json> read_records(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  std::vector<Json> records;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    auto record = Json::parse(line, nullptr, false);
    if (!record.is_object() || !record.contains("record"))
      throw std::runtime_error(fmt::format("{}:{}: not a record; truncated?", path, number));
    records.push_back(std::move(record));
  }
  return records;
}

int report(const std::string& folder) {
  return Reporter(folder).run();
}

}  // namespace kudp::profile
