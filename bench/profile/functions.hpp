// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/profile/event.hpp"

namespace kudp::profile {

// One function, called by way of its parents.
struct Node {
  std::uint64_t calls = 0;
  std::int64_t total_ns = 0;
  std::map<std::string, Node> children;

  std::uint64_t children_calls() const;
  std::int64_t self_ns() const;
};

// Adds up what function_graph told of softirqs' net_rx_action() and of all that servers' threads
// do.
class FunctionTree {
 public:
  void add(const Event& event);

  const Node& root() const { return root_; }
  // All calls in the trace, also of threads that are not in the tree.
  std::uint64_t calls() const { return calls_; }
  // Calls without an end or ends without a call, as in a trace that was cut off.
  std::uint64_t unmatched() const;

  // Takes off every function what tracing added to it, as two of the shortest calls show that
  // followed each other at once: how far they are apart is what a call costs, how long the shortest
  // of all seemed to take is what of it is within the call. Returns the former, 0 if unknown.
  std::int64_t correct();

  // "root;child;leaf 123" lines: nanoseconds of a function's own, for flame graphs.
  std::string collapsed() const;
  // {"record": "function", "function", "calls", "self_ns", "total_ns"}, the costliest first.
  std::vector<nlohmann::ordered_json> records() const;

 private:
  struct Frame {
    std::string function;
    Node* node;  // nullptr: not in the tree
    std::size_t indent;
    std::int64_t began;
  };

  // A call without calls, which is over when the next record comes.
  struct Leaf {
    Node* node;
    std::int64_t began, ns;
  };

  struct Thread {
    std::vector<Frame> stack;
    std::optional<Leaf> leaf;  // if nothing happened since
  };

  static constexpr auto kNone = std::numeric_limits<std::int64_t>::max();

  Thread& thread_of(const Event& event);
  Node* enter(const std::string& function, std::size_t indent, const Event& event);
  void leave(const Leaf& call, std::int64_t end);

  Node root_;
  std::map<std::pair<int, int>, Thread> threads_;
  std::uint64_t calls_ = 0;
  std::int64_t least_ns_ = kNone;     // of all calls
  std::int64_t least_apart_ = kNone;  // from one call without calls to the next
  std::uint64_t strays_ = 0;
};

bool is_server(const std::string& comm);

}  // namespace kudp::profile
