// SPDX-License-Identifier: GPL-2.0-only
#include "tests/guest/system.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "loadgen/base/fd.hpp"

namespace kudp::guest {
namespace fs = std::filesystem;

void run(const std::string& command) {
  if (const int status = std::system(command.c_str()))
    throw std::runtime_error(command + ": status " + std::to_string(status));
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

int write_file(const std::string& path, std::string_view text) {
  const Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.get() < 0) return errno;
  const ssize_t written = write(fd.get(), text.data(), text.size());
  if (written < 0) return errno;
  return static_cast<std::size_t>(written) == text.size() ? 0 : EMSGSIZE;
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::string module_path(const std::string& name) {
  if (const char* path = std::getenv("KUDP_MODULE"); path && name == "kudp") return path;
  utsname kernel;
  uname(&kernel);
  return std::string("/lib/modules/") + kernel.release + "/updates/" + name + ".ko";
}

int load_module(const std::string& parameters, const std::string& name) {
  const Fd fd(open(module_path(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) throw std::runtime_error("cannot open " + module_path(name));
  return syscall(SYS_finit_module, fd.get(), parameters.c_str(), 0) ? errno : 0;
}

int unload_module(const std::string& name) {
  return syscall(SYS_delete_module, name.c_str(), O_NONBLOCK) ? errno : 0;
}

bool module_is_loaded() {
  return fs::exists("/sys/module/kudp");
}

namespace {

std::set<int> pids() {
  std::set<int> all;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == name.npos) all.insert(std::stoi(name));
  }
  return all;
}

// "NAME) STATE PPID PGRP SESSION TTY TPGID FLAGS ...". Nothing of a thread that kthread_stop() has
// waited for, which is in /proc until it is reaped: PF_EXITING tells.
std::string stat_of(int pid) {
  constexpr unsigned kExiting = 4;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return "";
  std::istringstream rest(line.substr(line.rfind(')') + 1));
  std::string skipped;
  unsigned flags = 0;
  for (int i = 0; i < 6; ++i) rest >> skipped;
  rest >> flags;
  return flags & kExiting ? "" : line.substr(line.find('(') + 1);
}

std::map<int, std::string> stats_of_others() {
  std::map<int, std::string> stats;
  for (const int pid : pids())
    if (const std::string stat = stat_of(pid); !stat.empty() && !stat.starts_with("kudp"))
      stats[pid] = stat;
  return stats;
}

}  // namespace

std::vector<int> threads_named(std::string_view prefix) {
  // To read one takes a debug kernel milliseconds; none of these takes a name that is looked for.
  static std::map<int, std::string> older = stats_of_others();
  const std::set<int> all = pids();
  std::erase_if(older, [&](const auto& each) { return !all.contains(each.first); });
  std::vector<int> wanted;
  for (const int pid : all) {
    const auto known = older.find(pid);
    if ((known == older.end() ? stat_of(pid) : known->second).starts_with(prefix))
      wanted.push_back(pid);
  }
  return wanted;
}

KernelLog::KernelLog() : fd_(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  lseek(fd_, 0, SEEK_END);
}

KernelLog::~KernelLog() {
  close(fd_);
}

std::vector<std::string> KernelLog::lines() {
  std::vector<std::string> lines;
  char record[8192];
  ssize_t length;
  while ((length = read(fd_, record, sizeof record)) > 0) {
    const std::string_view text(record, length);
    const auto start = text.find(';');
    lines.emplace_back(text.substr(start + 1, text.find('\n') - start - 1));
  }
  return lines;
}

std::vector<std::string> KernelLog::lines_from(std::string_view prefix) {
  std::vector<std::string> wanted;
  for (const auto& line : lines()) {
    if (!line.starts_with(prefix)) continue;
    std::string& text = wanted.emplace_back();
    for (std::size_t at = 0; at < line.size(); ++at)
      if (line.compare(at, 2, "\\x") == 0) {
        text += static_cast<char>(std::stoi(line.substr(at + 2, 2), nullptr, 16));
        at += 3;
      } else {
        text += line[at];
      }
  }
  return wanted;
}

}  // namespace kudp::guest
