// SPDX-License-Identifier: GPL-2.0-only
//
// The events that bound the stages, none of them a server's own but the last:
//
//   sent, left          net:net_dev_start_xmit
//   arrived, returned   net:netif_rx
//   delivered           deliver, a probe of udp_unicast_rcv_skb() and its IPv6 twin
//   taken               take, what __skb_recv_udp() returns to a thread that reads its socket;
//                       answer, where a datagram reaches kudp_answer() by no socket's queue
//   replied             out, a probe of __ip_local_out() and its twin; without it net:net_dev_queue
//   wake_up             sched:sched_waking or a preemption, until sched:sched_switch
#include "bench/profile/stages.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>

namespace kudp::profile {
namespace {

constexpr std::size_t kRemembered = 64;  // times a thread was runnable; a batch has but one

}  // namespace

// "prev:1 [120] S ==> next:2 [120]" as trace-cmd's plugin words it, or prev_pid= and so on.
std::optional<Switch> parse_switch(const Event& event) {
  const auto& text = event.text;
  const auto arrow = text.find(" ==> ");
  if (arrow == text.npos || arrow == 0) return std::nullopt;
  if (const auto next = event.number("next_pid")) {
    const auto comm = text.find("next_comm=", arrow), end = text.find(" next_pid=", arrow);
    if (comm == text.npos || end == text.npos || end < comm + 10) return std::nullopt;
    return Switch{static_cast<int>(*next), text.substr(comm + 10, end - comm - 10),
                  event.field("prev_state").value_or("").starts_with("R")};
  }
  const auto bracket = text.rfind(" [");
  const auto colon = bracket == text.npos ? text.npos : text.rfind(':', bracket);
  if (colon == text.npos || colon < arrow + 5) return std::nullopt;
  // "R" or "R+": still runnable.
  const auto state = text.rfind(' ', arrow - 1);
  return Switch{std::atoi(text.c_str() + colon + 1), text.substr(arrow + 5, colon - arrow - 5),
                state != text.npos && text[state + 1] == 'R'};
}

std::array<std::int64_t, kStages.size()> stages_of(const Request& r) {
  const auto whole = r.returned - r.sent;
  std::array<std::int64_t, kStages.size()> stages{r.delivered - r.arrived,
                                                  r.taken - r.delivered - r.wake_up,
                                                  r.wake_up,
                                                  r.replied - r.taken,
                                                  r.left - r.replied,
                                                  0,
                                                  whole};
  stages[5] = whole - std::accumulate(stages.begin(), stages.begin() + 5, std::int64_t{0});
  return stages;
}

StageClock::StageClock(std::string server_device, std::string client_device)
    : server_device_(std::move(server_device)), client_device_(std::move(client_device)) {}

std::size_t StageClock::waiting() const {
  std::size_t sum = 0;
  for (const auto& [pid, requests] : copied_) sum += requests.size();
  return sum;
}

void StageClock::add(const Event& event) {
  const std::string_view name = event.name;
  if (name.starts_with("sched_")) return on_sched(event);
  if (name == "netif_rx" || name == "net_dev_start_xmit" || name == "net_dev_queue")
    return on_device(event);
  const auto skb = event.address("skb");
  if (!skb || *skb == 0) return;
  if (name == "deliver") {
    const auto found = live_.find(*skb);
    if (found != live_.end() && !found->second.delivered) found->second.delivered = event.ns;
  } else if (name == "take" || name == "answer") {
    take(*skb, event, name == "take");
  } else if (name == "out") {
    give(*skb, event);
  }
}

void StageClock::on_device(const Event& event) {
  const auto skb = event.address("skbaddr");
  const auto device = event.field("dev");
  if (!skb || !device) return;
  const auto found = live_.find(*skb);
  if (*device == client_device_) {
    if (event.name == "net_dev_start_xmit") sent_[*skb] = event.ns;
    if (event.name != "netif_rx" || found == live_.end() || !found->second.left) return;
    found->second.returned = event.ns;
    requests_.push_back(found->second);
    live_.erase(found);
    return;
  }
  if (*device != server_device_) return;
  if (event.name == "netif_rx") {
    if (found != live_.end()) ++lost_;  // its skb was freed and is another's now
    const auto sent = sent_.find(*skb);
    Request request;
    request.skb = *skb;
    request.sent = sent == sent_.end() ? event.ns : sent->second;
    request.arrived = event.ns;
    live_[*skb] = request;
  } else if (found != live_.end() && found->second.taken) {
    if (event.name == "net_dev_queue" && !found->second.replied) found->second.replied = event.ns;
    if (event.name == "net_dev_start_xmit") found->second.left = event.ns;
  }
}

// With super-packets kudp's engines read the socket's queue, too, and answer comes after take.
void StageClock::take(std::uint64_t skb, const Event& event, bool copied) {
  const auto found = live_.find(skb);
  if (found == live_.end() || !found->second.delivered || found->second.replied) return;
  Request& request = found->second;
  if (!request.taken) {
    request.taken = event.ns;
    request.pid = event.pid;
    request.wake_up = waited_runnable(event.pid, request.delivered, event.ns);
  }
  // Engine softirq answers in the context of whomever the interrupt hit.
  if (copied || event.comm.starts_with("kudp/")) servers_.insert(event.pid);
  if (!copied) return;
  copied_[event.pid].push_back(request);
  live_.erase(found);
}

// In the skb of its request, or in a new one: a thread replies in the order in which it took.
void StageClock::give(std::uint64_t skb, const Event& event) {
  const auto found = live_.find(skb);
  if (found != live_.end() && found->second.taken) {
    if (!found->second.replied) found->second.replied = event.ns;
    return;
  }
  const auto waiting = copied_.find(event.pid);
  if (waiting == copied_.end() || waiting->second.empty()) return;
  Request request = waiting->second.front();
  waiting->second.pop_front();
  request.replied = event.ns;
  live_[skb] = request;
}

void StageClock::on_sched(const Event& event) {
  if (event.name == "sched_waking") {
    if (const auto pid = event.number("pid"))
      runnable_since_.try_emplace(static_cast<int>(*pid), event.ns);
  } else if (event.name == "sched_switch") {
    const auto change = parse_switch(event);
    if (!change) return;
    if (change->preempted)
      runnable_since_[event.pid] = event.ns;
    else
      runnable_since_.erase(event.pid);
    const auto since = runnable_since_.find(change->next);
    if (since == runnable_since_.end()) return;
    auto& times = runnable_[change->next];
    times.emplace_back(since->second, event.ns);
    if (times.size() > kRemembered) times.pop_front();
    runnable_since_.erase(since);
  }
}

std::int64_t StageClock::waited_runnable(int pid, std::int64_t from, std::int64_t to) const {
  std::int64_t sum = 0;
  const auto times = runnable_.find(pid);
  if (times == runnable_.end()) return 0;
  for (const auto& [begin, end] : times->second)
    sum += std::max<std::int64_t>(0, std::min(end, to) - std::max(begin, from));
  return sum;
}

nlohmann::ordered_json distribution(std::vector<std::int64_t> values) {
  std::ranges::sort(values);
  nlohmann::ordered_json record{{"count", values.size()}};
  if (values.empty()) return record;
  const auto percentile = [&](double share) {
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * values.size()))];
  };
  const auto sum = std::accumulate(values.begin(), values.end(), std::int64_t{0});
  record["mean_ns"] = static_cast<double>(sum) / static_cast<double>(values.size());
  record["p50_ns"] = percentile(0.5);
  record["p99_ns"] = percentile(0.99);
  record["max_ns"] = values.back();
  // The n-th counts values below 2 to the n, and not below half of that; the first zero and less.
  std::vector<std::size_t> log2;
  for (const auto value : values) {
    const std::size_t bucket = value > 0 ? std::bit_width(static_cast<std::uint64_t>(value)) : 0;
    if (log2.size() <= bucket) log2.resize(bucket + 1);
    ++log2[bucket];
  }
  record["log2"] = log2;
  return record;
}

std::vector<nlohmann::ordered_json> stage_records(const std::string& server,
                                                  const std::vector<Request>& requests) {
  std::array<std::vector<std::int64_t>, kStages.size()> values;
  for (const Request& request : requests) {
    const auto stages = stages_of(request);
    for (std::size_t i = 0; i < stages.size(); ++i) values[i].push_back(stages[i]);
  }
  std::vector<nlohmann::ordered_json> records;
  for (std::size_t i = 0; i < kStages.size(); ++i) {
    nlohmann::ordered_json record{{"record", "stage"}, {"server", server}, {"stage", kStages[i]}};
    record.update(distribution(std::move(values[i])));
    records.push_back(record);
  }
  return records;
}

}  // namespace kudp::profile
