// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/leaks.hpp"

#include <chrono>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

#include "tests/guest/system.hpp"

namespace kudp::stress {
namespace {

// Nobody else in the guest takes of these.
const std::set<std::string> kOwn{"socket UDP", "socket UDPv6",     "UDP",
                                 "UDPv6",      "sock_inode_cache", "net_namespace"};
const char* const kCaches[] = {
    "UDP",          "UDPv6",         "sock_inode_cache", "net_namespace",
    "ip_dst_cache", "ip6_dst_cache", "task_struct",      "skbuff_head_cache",
    "kmalloc-1k",   "kmalloc-2k",    "kmalloc-8k"};

std::string cache_path(const std::string& name) {
  return "/sys/kernel/slab/" + name;
}

// What may be merged with others' caches says nothing, and is a link: on a kernel without
// slab_nomerge.
bool is_alone(const std::string& cache) {
  return std::filesystem::is_directory(std::filesystem::symlink_status(cache_path(cache)));
}

// "UDP: inuse 3 mem 1" in /proc/net/sockstat, and "UDP6: inuse 1" in sockstat6.
long sockets_in_use(const std::string& file, const std::string& protocol) {
  std::istringstream text(guest::read_file(file));
  std::string word;
  while (text >> word)
    if (long n; word == protocol && text >> word >> n) return n;
  return 0;
}

}  // namespace

Objects count_objects() {
  Objects objects;
  objects["socket UDP"] = sockets_in_use("/proc/net/sockstat", "UDP:");
  objects["socket UDPv6"] = sockets_in_use("/proc/net/sockstat6", "UDP6:");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  for (const std::string cache : kCaches) {
    if (!is_alone(cache)) continue;
    guest::write_file(cache_path(cache) + "/shrink", "1");
    objects[cache] = std::stol(guest::read_file(cache_path(cache) + "/objects"));
  }
  return objects;
}

std::string grown(const Objects& before, const Objects& after, long tolerance) {
  std::string text;
  for (const auto& [name, count] : before) {
    const long more = after.at(name) - count;
    if (more <= (kOwn.contains(name) ? 0 : tolerance)) continue;
    text += name + " +" + std::to_string(more) + " ";
  }
  return text;
}

std::string stays_grown(const Objects& before, long tolerance,
                        const std::function<Objects()>& count) {
  std::string text;
  for (int i = 0; i < 200; ++i)
    if (text = grown(before, count(), tolerance); text.empty()) break;
  return text;
}

}  // namespace kudp::stress
