// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/profile/event.hpp"

namespace kudp::profile {

// The way of a request, from the client's device to the client's device. Each time is nanoseconds.
//
//   sent ─ arrived ── softirq ── delivered ── queue, wake-up ── taken ── service ── replied ──
//   reply ── left ─ returned
//
// The stages are the same for every server that UDP hands its datagrams to; profile_stages.cpp says
// by which events.
struct Request {
  std::uint64_t skb = 0;
  std::int64_t sent = 0;       // to the client's device
  std::int64_t arrived = 0;    // by the server's device
  std::int64_t delivered = 0;  // UDP has found the server's socket
  std::int64_t taken = 0;      // the server has it
  std::int64_t replied = 0;    // its reply is given to IP, or to the device
  std::int64_t left = 0;       // the device's driver has the reply
  std::int64_t returned = 0;   // by the client's device
  std::int64_t wake_up = 0;    // of the time to taken, what the server's thread waited for its CPU
  int pid = 0;                 // of the thread that took it
};

inline constexpr std::array<std::string_view, 7> kStages{"softirq", "queue", "wake-up", "service",
                                                         "reply",   "rest",  "whole"};

// In the order of kStages: those up to "rest" add up to "whole".
std::array<std::int64_t, kStages.size()> stages_of(const Request& request);

// Puts requests together from the events of a trace, in the order of time.
class StageClock {
 public:
  StageClock(std::string server_device, std::string client_device);

  void add(const Event& event);

  const std::vector<Request>& requests() const { return requests_; }
  // Requests that arrived and whose reply was not seen to return.
  std::size_t incomplete() const { return live_.size() + waiting() + lost_; }
  // The threads that took requests from a socket or, of an engine, from its queue.
  const std::set<int>& servers() const { return servers_; }

 private:
  using Runnable = std::pair<std::int64_t, std::int64_t>;

  void take(std::uint64_t skb, const Event& event, bool copied);
  void give(std::uint64_t skb, const Event& event);
  void on_device(const Event& event);
  void on_sched(const Event& event);
  std::int64_t waited_runnable(int pid, std::int64_t from, std::int64_t to) const;
  std::size_t waiting() const;

  const std::string server_device_, client_device_;
  std::unordered_map<std::uint64_t, std::int64_t> sent_;
  std::unordered_map<std::uint64_t, Request> live_;  // by the skb that they are in now
  std::map<int, std::deque<Request>> copied_;        // whose skb is gone, by thread
  std::map<int, std::int64_t> runnable_since_;       // by thread
  std::map<int, std::deque<Runnable>> runnable_;     // the last times of each thread
  std::set<int> servers_;
  std::vector<Request> requests_;
  std::size_t lost_ = 0;
};

// A sched_switch: to which thread, and whether the one before could have gone on.
struct Switch {
  int next;
  std::string next_comm;
  bool preempted;
};
std::optional<Switch> parse_switch(const Event& event);

// Count, mean, percentiles and a histogram by powers of two of some times.
nlohmann::ordered_json distribution(std::vector<std::int64_t> values);

// A record for each stage: {"record": "stage", "server", "stage", "count", "mean_ns", ...}.
std::vector<nlohmann::ordered_json> stage_records(const std::string& server,
                                                  const std::vector<Request>& requests);

}  // namespace kudp::profile
