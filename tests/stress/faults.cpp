// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/faults.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "loadgen/base/fd.hpp"
#include "tests/guest/system.hpp"

namespace kudp::stress {
namespace {

namespace fs = std::filesystem;
using guest::read_file;
using guest::write_file;

const std::string kDebug = "/sys/kernel/debug/";
// Attempts that make less: then no other makes more. Not every attempt makes as many.
constexpr int kUntouched = 10;
const std::string kTracing = "/sys/kernel/tracing/", kProbe = "events/kudp_stress/kvmalloc/";
constexpr const char* kFaults[] = {"failslab/", "fail_page_alloc/"};

void put(const std::string& path, const std::string& value) {
  if (const int error = write_file(path, value))
    throw std::runtime_error("cannot write " + path + ": " + std::strerror(error));
}

void set_both(const std::string& attribute, const std::string& value) {
  for (const std::string fault : kFaults) put(kDebug + fault + attribute, value);
}

// A file of numbers, held open: to open it takes memory.
class Knob {
 public:
  explicit Knob(std::string path)
      : path_(std::move(path)), fd_(open(path_.c_str(), O_RDWR | O_CLOEXEC)) {
    if (fd_.get() < 0) throw std::runtime_error("cannot open " + path_);
  }
  // Takes no memory, once the text is made.
  void set(const std::string& n) {
    if (pwrite(fd_.get(), n.data(), n.size(), 0) < 0)
      throw std::runtime_error("cannot write " + path_);
  }
  int get() const {
    char text[16] = {};
    if (pread(fd_.get(), text, sizeof text - 1, 0) < 0)
      throw std::runtime_error("cannot read " + path_);
    return std::atoi(text);
  }

 private:
  std::string path_;
  Fd fd_;
};

// 0: none is denied, or the N-th has come.
Knob fail_nth(int tid) {
  return Knob("/proc/" + std::to_string(tid) + "/fail-nth");
}

}  // namespace

bool can_inject_faults() {
  return fs::exists("/proc/self/fail-nth") && fs::exists(kDebug + "failslab");
}

void prepare_faults() {
  set_both("verbose", "0");
  set_both("probability", "0");
  set_both("ignore-gfp-wait", "N");
  put(kDebug + "fail_page_alloc/ignore-gfp-highmem", "N");
  put(kDebug + "fail_page_alloc/min-order", "0");
  // Which caches those are is the kernel command line's to say: see scripts/check-debug.
  const bool chosen = read_file("/sys/kernel/slab/kmalloc-64/failslab") == "1\n";
  put(kDebug + "failslab/cache-filter", chosen ? "Y" : "N");
}

int walk(int tid, const std::function<int()>& attempt,
         const std::function<bool(int denied, int error)>& judge, int skipped) {
  Knob fail = fail_nth(tid);
  const std::string none = "0";
  int n = skipped + 1;
  for (int untouched = 0; untouched < kUntouched;) {
    const std::string nth = std::to_string(n);
    fail.set(nth);
    const int error = attempt();
    const bool denied = fail.get() == 0;
    fail.set(none);
    const bool goes_on = judge(denied ? n : 0, error);
    untouched = denied ? 0 : untouched + 1;
    n += denied;
    if (!goes_on) break;
  }
  return n - 1 - skipped;
}

// Once the N-th has come, the kernel goes by the attributes: those say each, of a thread that is
// made to fail.
int walk_to_nothing(int tid, const std::function<int()>& attempt,
                    const std::function<bool(int denied, int error)>& judge) {
  Knob make_it_fail("/proc/" + std::to_string(tid) + "/make-it-fail");
  const std::string yes = "1", no = "0";
  set_both("task-filter", "Y");
  set_both("times", "1000000");
  set_both("probability", "100");
  const int denied = walk(
      tid,
      [&] {
        make_it_fail.set(yes);
        const int error = attempt();
        make_it_fail.set(no);
        return error;
      },
      judge);
  set_both("probability", "0");
  set_both("task-filter", "N");
  return denied;
}

int count_allocations(int tid, const std::function<void()>& attempt) {
  constexpr int kMany = 1000000;
  Knob fail = fail_nth(tid);
  fail.set(std::to_string(kMany));
  attempt();
  const int left = fail.get();
  fail.set("0");
  return kMany - left;
}

// The kernel counts allocations from whenever it began to: the first denial brings its count to a
// multiple of the interval, so that the next is of the N-th from there.
int walk_atomic(const std::function<bool()>& attempt) {
  const std::string failslab = kDebug + "failslab/";
  const auto deny_one = [&] {
    put(failslab + "times", "1");
    put(failslab + "probability", "100");
    const bool goes_on = attempt();
    put(failslab + "probability", "0");
    return goes_on;
  };
  const auto denied = [&] { return read_file(failslab + "times") == "0\n"; };

  put(failslab + "ignore-gfp-wait", "Y");
  int n = 1;
  for (int untouched = 0; untouched < kUntouched;) {
    put(failslab + "interval", std::to_string(n));
    bool goes_on = true;
    for (int i = 0; n > 1 && goes_on && (i == 0 || !denied()); ++i) {
      if (i == n) throw std::runtime_error("attempts that allocate nothing");
      goes_on = deny_one();
    }
    if (!goes_on || !deny_one()) break;
    if (denied()) {
      untouched = 0;
      ++n;
    } else {
      ++untouched;
    }
  }
  put(failslab + "interval", "1");
  put(failslab + "ignore-gfp-wait", "N");
  return n - 1;
}

// As few at a time as those who look for errors in the kernel, and keep a reserve, can do without.
int deny_atomic_pages(int wanted, const std::function<bool()>& attempt) {
  constexpr int kAttempts = 200, kTimes = 8;
  const std::string pages = kDebug + "fail_page_alloc/";
  int denied = 0;
  put(pages + "ignore-gfp-wait", "Y");
  for (int i = 0; i < kAttempts && denied < wanted; ++i) {
    put(pages + "times", std::to_string(kTimes));
    put(pages + "probability", "100");
    const bool goes_on = attempt();
    put(pages + "probability", "0");
    denied += kTimes - std::stoi(read_file(pages + "times"));
    if (!goes_on) break;
  }
  put(pages + "ignore-gfp-wait", "N");
  return denied;
}

KvmallocDenials::KvmallocDenials() {
  put(kTracing + "kprobe_events", "r:kudp_stress/kvmalloc kvmalloc_node result=$retval");
  put(kTracing + kProbe + "filter", "result == 0");
  put(kTracing + "trace", "");
  put(kTracing + kProbe + "enable", "1");
}

KvmallocDenials::~KvmallocDenials() {
  write_file(kTracing + kProbe + "enable", "0");
  write_file(kTracing + "kprobe_events", "-:kudp_stress/kvmalloc");
}

// "… kvmalloc: (FUNCTION+OFFSET/SIZE [kudp] <- kvmalloc_node) result=0x0"
std::set<std::string> KvmallocDenials::places() const {
  std::istringstream lines(read_file(kTracing + "trace"));
  std::set<std::string> places;
  for (std::string line; std::getline(lines, line);) {
    const auto begin = line.find("kvmalloc: (") + std::strlen("kvmalloc: (");
    const auto end = line.find(" [kudp] <- ");
    if (end != line.npos && begin < end) places.insert(line.substr(begin, end - begin));
  }
  return places;
}

}  // namespace kudp::stress
