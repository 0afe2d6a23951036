// SPDX-License-Identifier: GPL-2.0-only
#include "bench/profile/schedule.hpp"

#include <fmt/format.h>

#include "bench/profile/functions.hpp"
#include "bench/profile/stages.hpp"

namespace kudp::profile {
namespace {

// "comm=kudp/0/x pid=12 prio=120 target_cpu=000", where the comm may hold spaces.
std::string thread_of(const Event& event) {
  const auto begin = event.text.find("comm="), end = event.text.find(" pid=");
  const auto pid = event.number("pid");
  if (begin == event.text.npos || end == event.text.npos || end < begin || !pid) return {};
  const auto comm = event.text.substr(begin + 5, end - begin - 5);
  return is_server(comm) ? fmt::format("{}-{}", comm, *pid) : std::string();
}

}  // namespace

void Schedule::add(const Event& event) {
  if (event.name == "sched_waking") {
    const auto thread = thread_of(event);
    if (!thread.empty() && !threads_[thread].woken) threads_[thread].woken = event.ns;
  } else if (event.name == "sched_migrate_task") {
    const auto thread = thread_of(event);
    if (!thread.empty()) ++threads_[thread].migrations;
  } else if (event.name == "sched_switch") {
    const auto change = parse_switch(event);
    if (!change) return;
    const auto found = threads_.find(fmt::format("{}-{}", change->next_comm, change->next));
    if (found == threads_.end() || !found->second.woken) return;
    found->second.waits.push_back(event.ns - found->second.woken);
    found->second.woken = 0;
  } else if (event.name == "softirq_entry") {
    const auto action = event.text.find("[action=");
    const auto end = event.text.find(']', action);
    if (action == event.text.npos || end == event.text.npos) return;
    ++interrupts_[{event.cpu, "softirq " + event.text.substr(action + 8, end - action - 8)}];
  } else if (event.name == "irq_handler_entry") {
    ++interrupts_[{event.cpu, fmt::format("irq {}", event.field("name").value_or("?"))}];
  } else if (event.name == "local_timer_entry") {
    ++interrupts_[{event.cpu, "local timer"}];
  }
}

std::vector<nlohmann::ordered_json> Schedule::records() const {
  std::vector<nlohmann::ordered_json> records;
  for (const auto& [name, thread] : threads_) {
    nlohmann::ordered_json record{
        {"record", "run_queue"}, {"thread", name}, {"migrations", thread.migrations}};
    record.update(distribution(thread.waits));
    records.push_back(record);
  }
  for (const auto& [key, count] : interrupts_)
    records.push_back(
        {{"record", "interrupts"}, {"cpu", key.first}, {"kind", key.second}, {"count", count}});
  return records;
}

}  // namespace kudp::profile
