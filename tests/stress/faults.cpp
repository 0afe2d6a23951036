// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/faults.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>

#include "tests/guest/system.hpp"

namespace kudp::stress {
namespace {

using guest::read_file;
using guest::write_file;

const std::string kDebug = "/sys/kernel/debug/";
constexpr const char* kFaults[] = {"failslab/", "fail_page_alloc/"};

void put(const std::string& path, const std::string& value) {
  if (write_file(path, value)) throw std::runtime_error("cannot write " + path);
}

void set_both(const std::string& attribute, const std::string& value) {
  for (const std::string fault : kFaults) put(kDebug + fault + attribute, value);
}

}  // namespace

bool can_inject_faults() {
  return std::filesystem::exists("/proc/self/fail-nth") &&
         std::filesystem::exists(kDebug + "failslab");
}

void prepare_faults() {
  set_both("verbose", "0");
  set_both("probability", "0");
  set_both("ignore-gfp-wait", "N");
  put(kDebug + "fail_page_alloc/ignore-gfp-highmem", "N");
  put(kDebug + "fail_page_alloc/min-order", "0");
}

int walk(int tid, const std::function<bool(int denied)>& attempt) {
  const std::string file = "/proc/" + std::to_string(tid) + "/fail-nth";
  for (int n = 1;; ++n) {
    put(file, std::to_string(n));
    const bool goes_on = attempt(n);
    const bool denied = read_file(file) == "0\n";
    put(file, "0");
    if (!denied) return n - 1;
    if (!goes_on) return n;
  }
}

int walk_atomic(const std::function<bool(int denied)>& attempt) {
  const std::string failslab = kDebug + "failslab/";
  put(failslab + "ignore-gfp-wait", "Y");
  int n = 1;
  for (int untouched = 0; untouched < 3;) {
    put(failslab + "interval", std::to_string(n));
    put(failslab + "times", "1");
    put(failslab + "probability", "100");
    const bool goes_on = attempt(n);
    put(failslab + "probability", "0");
    if (read_file(failslab + "times") != "0\n") {
      ++untouched;
      continue;
    }
    untouched = 0;
    ++n;
    if (!goes_on) break;
  }
  put(failslab + "interval", "1");
  put(failslab + "ignore-gfp-wait", "N");
  return n - 1;
}

}  // namespace kudp::stress
