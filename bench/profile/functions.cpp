// SPDX-License-Identifier: GPL-2.0-only
#include "bench/profile/functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace kudp::profile {
namespace {

constexpr std::int64_t kRecordNs = 1000;  // more than from a function's beginning to its record

// "  + 12.345 us  |    name() {", "0.123 us | name();", "1.5 us | }"
struct Line {
  std::optional<std::int64_t> ns;
  std::string function;    // empty at an end
  std::size_t indent = 0;  // tells how deep it is called
  bool opens = false;
};

std::optional<Line> parse(const std::string& text) {
  const auto bar = text.find('|');
  if (bar == text.npos) return std::nullopt;
  Line line;
  const auto unit = text.rfind(" us", bar);
  const auto digit = text.find_first_of("0123456789");
  if (unit != text.npos && digit < unit)
    line.ns = std::llround(std::strtod(text.c_str() + digit, nullptr) * 1000);
  const auto first = text.find_first_not_of(" |", bar);
  if (first == text.npos) return std::nullopt;
  line.indent = first - bar;
  if (text[first] == '}') return line.ns ? std::optional(line) : std::nullopt;
  const auto end = text.find('(', first);
  if (end == text.npos) return std::nullopt;
  line.function = text.substr(first, end - first);
  line.opens = text.find('{', end) != text.npos;
  if (!line.opens && !line.ns) return std::nullopt;
  return line;
}

void collapse(const Node& node, const std::string& path, std::string& out) {
  for (const auto& [function, child] : node.children) {
    const auto name = path.empty() ? function : path + ";" + function;
    if (child.self_ns() > 0) out += fmt::format("{} {}\n", name, child.self_ns());
    collapse(child, name, out);
  }
}

struct Sum {
  std::uint64_t calls = 0;
  std::int64_t self = 0, total = 0;
};

// `above`: how often each function is being called already, whose total holds this one's, too.
void add_up(const Node& node, std::map<std::string, int>& above, std::map<std::string, Sum>& sums) {
  for (const auto& [function, child] : node.children) {
    Sum& sum = sums[function];
    sum.calls += child.calls;
    sum.self += child.self_ns();
    if (above[function]++ == 0) sum.total += child.total_ns;
    add_up(child, above, sums);
    --above[function];
  }
}

// What tracing added to each call is `inside` its own time, and `outside`, in its caller's. Returns
// what was taken off the node.
std::int64_t correct_node(Node& node, std::int64_t inside, std::int64_t outside) {
  const auto own = std::max<std::int64_t>(0, node.self_ns());
  const auto added = inside * static_cast<std::int64_t>(node.calls) +
                     outside * static_cast<std::int64_t>(node.children_calls());
  std::int64_t off = std::min(own, added);
  for (auto& [function, child] : node.children) off += correct_node(child, inside, outside);
  node.total_ns -= off;
  return off;
}

}  // namespace

bool is_server(const std::string& comm) {
  return comm.starts_with("kudp/") || comm.starts_with("baseline/") || comm == "kudp-baseline";
}

std::uint64_t Node::children_calls() const {
  std::uint64_t sum = 0;
  for (const auto& [function, child] : children) sum += child.calls;
  return sum;
}

std::int64_t Node::self_ns() const {
  std::int64_t sum = total_ns;
  for (const auto& [function, child] : children) sum -= child.total_ns;
  return sum;
}

// What a CPU does while idle is one thread's by number, and many at the same time.
FunctionTree::Thread& FunctionTree::thread_of(const Event& event) {
  return threads_[{event.pid == 0 ? event.cpu : 0, event.pid}];
}

// An interrupt may come after a function's end and before the record of that. It is its caller's
// then, as it is called no deeper than the function itself.
Node* FunctionTree::enter(const std::string& function, std::size_t indent, const Event& event) {
  ++calls_;
  auto& stack = thread_of(event).stack;
  const auto caller = std::find_if(stack.rbegin(), stack.rend(),
                                   [&](const Frame& frame) { return frame.indent < indent; });
  Node* parent = nullptr;
  if (caller != stack.rend())
    parent = caller->node;
  else if (is_server(event.comm))
    parent = &root_;
  // Softirqs run in whatever thread they hit.
  if (!parent && function == "net_rx_action") parent = &root_;
  Node* const node = parent ? &parent->children[function] : nullptr;
  stack.push_back({function, node, indent, event.ns});
  return node;
}

// An interrupt between a function's beginning and the record of it is recorded before it, and
// counted in it again: no call takes longer than from its record to its end.
void FunctionTree::leave(const Leaf& call, std::int64_t end) {
  const auto ns = std::min(call.ns, end - call.began + kRecordNs);
  least_ns_ = std::min(least_ns_, ns);
  if (!call.node) return;
  ++call.node->calls;
  call.node->total_ns += ns;
}

void FunctionTree::add(const Event& event) {
  if (event.name != "funcgraph_entry" && event.name != "funcgraph_exit") return;
  const auto line = parse(event.text);
  if (!line) {
    ++strays_;
    return;
  }
  Thread& thread = thread_of(event);
  auto& stack = thread.stack;
  const auto before = std::exchange(thread.leaf, std::nullopt);
  if (before) leave(*before, event.ns);
  if (!line->function.empty()) {
    Node* const node = enter(line->function, line->indent, event);
    if (line->opens) return;
    stack.pop_back();
    thread.leaf = Leaf{node, event.ns, *line->ns};
    if (before) least_apart_ = std::min(least_apart_, event.ns - before->began);
  } else if (stack.empty()) {
    ++strays_;  // its beginning was overwritten
  } else {
    leave({stack.back().node, stack.back().began, *line->ns}, event.ns);
    stack.pop_back();
  }
}

std::uint64_t FunctionTree::unmatched() const {
  std::uint64_t sum = strays_;
  for (const auto& [number, thread] : threads_) sum += thread.stack.size();
  return sum;
}

std::int64_t FunctionTree::correct() {
  for (auto& [number, thread] : threads_)
    if (const auto last = std::exchange(thread.leaf, std::nullopt))
      leave(*last, last->began + last->ns);
  if (least_apart_ == kNone) return 0;
  const auto inside = std::min(least_ns_, least_apart_);
  for (auto& [function, node] : root_.children) correct_node(node, inside, least_apart_ - inside);
  return least_apart_;
}

std::string FunctionTree::collapsed() const {
  std::string out;
  collapse(root_, "", out);
  return out;
}

std::vector<nlohmann::ordered_json> FunctionTree::records() const {
  std::map<std::string, Sum> sums;
  std::map<std::string, int> above;
  add_up(root_, above, sums);
  std::vector<nlohmann::ordered_json> records;
  for (const auto& [function, sum] : sums)
    records.push_back({{"record", "function"},
                       {"function", function},
                       {"calls", sum.calls},
                       {"self_ns", sum.self},
                       {"total_ns", sum.total}});
  std::ranges::stable_sort(records, std::greater(), [](const auto& record) {
    return record.at("self_ns").template get<std::int64_t>();
  });
  return records;
}

}  // namespace kudp::profile
