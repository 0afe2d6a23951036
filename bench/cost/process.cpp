// SPDX-License-Identifier: GPL-2.0-only
#include "bench/cost/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "loadgen/base/clock.hpp"

namespace kudp::cost {
namespace {

constexpr std::int64_t kPatience = 20 * kSecond;

// Next to this program, as all are built.
std::string path_of(const std::string& program) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / program;
}

// With its own /sys, as `ip netns exec` does: that is where the namespace's devices show.
bool enter(const Namespace& where) {
  if (setns(where.fd(), CLONE_NEWNET) || unshare(CLONE_NEWNS)) return false;
  mount("", "/", nullptr, MS_SLAVE | MS_REC, nullptr);
  umount2("/sys", MNT_DETACH);
  return mount("kudp", "/sys", "sysfs", 0, nullptr) == 0;
}

[[noreturn]] void become(const std::string& path, const std::vector<std::string>& arguments,
                         const Namespace& where, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  std::vector<char*> words;
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  if (enter(where)) execv(path.c_str(), words.data());
  dprintf(STDOUT_FILENO, "%s: %s\n", path.c_str(), std::strerror(errno));
  _exit(127);
}

}  // namespace

Process::Process(std::vector<std::string> words, const Namespace& where)
    : words_(std::move(words)) {
  launch(where);
}

Process::~Process() {
  if (pid_ >= 0) kill_and_reap();
}

void Process::launch(const Namespace& where) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) throw std::system_error(errno, std::generic_category(), "pipe");
  output_ = Fd(ends[0]);
  const Fd input(ends[1]);
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) become(path_of(words_[0]), words_, where, input.get());
}

bool Process::read_until(const std::string& text) {
  const auto deadline = now_ns() + kPatience;
  while (text.empty() || printed_.find(text) == printed_.npos) {
    const auto left = (deadline - now_ns()) / kMillisecond;
    pollfd ready{output_.get(), POLLIN, 0};
    if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0) return false;
    char buffer[4096];
    const ssize_t length = read(output_.get(), buffer, sizeof buffer);
    if (length <= 0) return text.empty();
    printed_.append(buffer, length);
  }
  return true;
}

int Process::kill_and_reap() {
  kill(pid_, SIGKILL);
  return reap();
}

int Process::reap() {
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return status;
}

std::string Process::last_words() const {
  if (printed_.empty()) return "it printed nothing";
  std::string text = printed_.substr(printed_.size() - std::min<std::size_t>(printed_.size(), 500));
  while (text.ends_with('\n')) text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string Process::command() const {
  return fmt::format("{}", fmt::join(words_, " "));
}

void Process::stop(int exit_status) {
  kill(pid_, SIGINT);
  const bool ended = read_until("");
  const int status = ended ? reap() : kill_and_reap();
  if (!ended || !WIFEXITED(status) || WEXITSTATUS(status) != exit_status)
    throw std::runtime_error(fmt::format("did not end well: {}", last_words()));
}

BaselineProcess::BaselineProcess(std::vector<std::string> words, const Namespace& where)
    : process_(std::move(words), where) {
  if (process_.read_until("listening on ")) return;
  const int status = process_.kill_and_reap();
  const auto why = fmt::format("did not start: {}", process_.last_words());
  // 2 is wrong usage: this kudp-baseline does not know that server.
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2) throw Unavailable(why);
  throw std::runtime_error(why);
}

}  // namespace kudp::cost
