// SPDX-License-Identifier: GPL-2.0-only
// What the tests need of the system they run on: commands, files, the kernel log.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kudp::guest {

// Runs a shell command; throws std::runtime_error if it fails.
void run(const std::string& command);

std::string read_file(const std::string& path);

// Writes in one write(2); returns 0 or the errno, EMSGSIZE where only a part was taken.
int write_file(const std::string& path, std::string_view text);

// Waits for the condition, a minute at most; whether it came true.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

// The module file that the tests load.
std::string module_path(const std::string& name = "kudp");

// insmod and rmmod; return 0 or the errno.
int load_module(const std::string& parameters, const std::string& name = "kudp");
int unload_module(const std::string& name = "kudp");
bool module_is_loaded();

// Threads of the kernel whose names start so and which have not ended.
std::vector<int> threads_named(std::string_view prefix);

// What the kernel logged since this object was made.
class KernelLog {
 public:
  KernelLog();
  ~KernelLog();
  KernelLog(const KernelLog&) = delete;
  KernelLog& operator=(const KernelLog&) = delete;
  std::vector<std::string> lines();
  // Those that start so, without the escapes that /dev/kmsg itself adds.
  std::vector<std::string> lines_from(std::string_view prefix);

 private:
  int fd_;
};

}  // namespace kudp::guest
