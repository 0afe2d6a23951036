// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kudp::guest {

using Counters = std::map<std::string, std::uint64_t>;

// A responder in configfs: made with the object, gone with it.
class Responder {
 public:
  using Settings = std::vector<std::pair<std::string, std::string>>;

  // Makes the responder and writes `settings` in order; throws if one is refused.
  explicit Responder(const std::string& name, const Settings& settings = {});
  ~Responder();
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  // Returns 0 or the errno of the write.
  int set(const std::string& attribute, std::string_view value);
  std::string get(const std::string& attribute) const;
  Counters stats() const;

  // The counters once `received` datagrams are in and nothing is in flight: a worker counts its
  // answer after the network has it, so that the client may be the faster. Throws
  // std::runtime_error if that does not come true in a minute.
  Counters settled(std::uint64_t received) const;

 private:
  std::string path_;
};

// The same for a responder that the test did not make.
Counters stats_of(const std::string& name);
Counters stats_in(const std::string& stats);  // of what that file holds
Counters settled_of(const std::string& name, std::uint64_t received);

// /proc/net/kudp, a row for each worker: its counters and "cpu".
std::vector<Counters> workers_of(const std::string& name);

// What the counters must obey when nothing is in flight: received is the sum of all others.
bool adds_up(const Counters& counters);

}  // namespace kudp::guest
