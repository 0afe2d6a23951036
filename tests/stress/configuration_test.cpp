// SPDX-License-Identifier: GPL-2.0-only
// Whatever is written to attributes and parameters, by however many at once, while folders and the
// module itself come and go: an errno that says so, or it works; never a fault.
#include <gtest/gtest.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "tests/guest/flood.hpp"
#include "tests/guest/responder.hpp"
#include "tests/guest/system.hpp"
#include "tests/stress/extent.hpp"
#include "tests/stress/leaks.hpp"
#include "tests/stress/values.hpp"

namespace kudp::stress {
namespace {

using namespace guest;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const std::string kRoot = "/sys/kernel/config/kudp/";
constexpr int kProcesses = 4;

// Each refusal is a line: none shall wait for the serial console.
class QuietConsole {
 public:
  QuietConsole() { klogctl(8, nullptr, 1); }
  ~QuietConsole() { klogctl(8, nullptr, 4); }
};

// What a write may say: refused for its value, or for now, or where it was is no more. configfs
// itself has EFAULT for a write of nothing and takes no more than a page at once.
bool is_fair(int error) {
  constexpr int kFair[] = {0,          EINVAL, EBUSY,       EADDRINUSE, ENOENT,       EADDRNOTAVAIL,
                           EOPNOTSUPP, EACCES, ENETUNREACH, ENODEV,     EAFNOSUPPORT, EFAULT,
                           EMSGSIZE};
  return std::ranges::find(kFair, error) != std::end(kFair);
}

class Configuration : public testing::Test {
 protected:
  // Runs `work` in processes of their own, over and over until the time is up. What it returns is
  // printed and fails the test.
  void all_at_once(std::chrono::seconds duration,
                   const std::function<std::string(int process, std::mt19937& random)>& work) {
    const auto end = Clock::now() + duration;
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; ++i) {
      const auto seed = random_();
      const pid_t child = fork();
      ASSERT_GE(child, 0);
      if (child == 0) _exit(run_child(i, seed, end, work));
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0) << "see above";
    }
  }

  static void remove_folders() {
    for (const auto& entry : fs::directory_iterator(kRoot)) rmdir(entry.path().c_str());
  }

  std::mt19937 random_ = seeded();
  const QuietConsole quiet_;

 private:
  static int run_child(int i, unsigned seed, Clock::time_point end,
                       const std::function<std::string(int, std::mt19937&)>& work) {
    std::mt19937 random(seed);
    long rounds = 0;
    try {
      for (; Clock::now() < end; ++rounds) {
        const std::string fault = work(i, random);
        if (fault.empty()) continue;
        std::fprintf(stderr, "process %d: %s\n", i, fault.c_str());
        return 1;
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "process %d: %s\n", i, error.what());
      return 1;
    }
    std::printf("process %d: %ld rounds\n", i, rounds);
    std::fflush(stdout);
    return rounds ? 0 : 1;
  }
};

std::string said(const std::string& what, int error) {
  return is_fair(error) ? "" : what + ": " + std::strerror(error);
}

// One step of an adversary who has the folders of a few responders in common with others.
std::string meddle(const std::vector<std::string>& attributes, std::mt19937& random) {
  const std::string folder = kRoot + static_cast<char>('a' + random() % 3);
  switch (random() % 10) {
    case 0: {
      const int error = mkdir(folder.c_str(), 0755) ? errno : 0;
      return error == EEXIST ? "" : said("mkdir", error);
    }
    case 1:
      if (random() % 4) return "";
      return said("rmdir", rmdir(folder.c_str()) ? errno : 0);
    case 2: {
      const std::string attribute =
          random() % 3 ? attributes[random() % attributes.size()] : std::string("stats");
      std::ifstream file(folder + "/" + attribute);
      std::string text;
      while (std::getline(file, text)) continue;
      return "";
    }
    case 3:
      return read_file("/proc/net/kudp").empty() ? "no /proc/net/kudp" : "";
    default: {
      const std::string& attribute = attributes[random() % attributes.size()];
      return said(attribute, write_file(folder + "/" + attribute, some_value(attribute, random)));
    }
  }
}

TEST_F(Configuration, WritesOfSeveralProcessesWhileFoldersComeAndGo) {
  const auto attributes = writable_attributes();
  ASSERT_GT(attributes.size(), 20u);
  const Objects before = count_objects();
  {
    const Flood four(Where::kClient, at(kServer4, 9000)), six(Where::kHere, "[::1]:9001");
    all_at_once(std::chrono::seconds(extent(20, 300)),
                [&](int, std::mt19937& random) { return meddle(attributes, random); });
    remove_folders();
    EXPECT_TRUE(threads_named("kudp/").empty());
  }
  EXPECT_EQ(stays_grown(before, 500), "");
  const Responder responder("r", {{"port", "9000"}, {"enabled", "1"}});
  EXPECT_TRUE(Flood(Where::kHere, "127.0.0.1:9000").flows()) << "and it still works";
}

// One after the other. What was taken is read back at once, all else every so often: what a refused
// write changed is off by then, and the writes since the last look are printed.
TEST_F(Configuration, ARefusedWriteChangesNothing) {
  constexpr int kLook = 25;
  const auto attributes = writable_attributes();
  Responder responder("r");
  std::map<std::string, std::string> expected;
  for (const auto& attribute : attributes) expected[attribute] = responder.get(attribute);
  int refused = 0;
  std::string since;
  for (int i = 1; i <= extent(3000, 30000); ++i) {
    const std::string& attribute = attributes[random_() % attributes.size()];
    const std::string value = some_value(attribute, random_);
    const int error = responder.set(attribute, value);
    EXPECT_TRUE(is_fair(error) && error != ENOENT) << attribute << ": " << std::strerror(error);
    since += attribute + "=" + value.substr(0, 80) + ": " + std::strerror(error) + "\n";
    refused += error != 0;
    // Of EMSGSIZE a part was taken. With stamp, "enabled" fills in a port that was not given, also
    // where it is then refused.
    if (!error || error == EMSGSIZE) expected[attribute] = responder.get(attribute);
    if (attribute == "enabled") expected["port"] = responder.get("port");
    if (i % kLook) continue;
    for (const auto& [name, is] : expected)
      ASSERT_EQ(responder.get(name), is) << name << "\n" << since;
    since.clear();
  }
  EXPECT_GT(refused, 500);
}

// The first process loads and unloads with random parameters, the others keep the module busy.
TEST_F(Configuration, ParametersWhileFoldersComeAndGo) {
  auto attributes = writable_attributes();
  std::erase(attributes, "enabled");  // no parameter
  const auto load = [&](std::mt19937& random) {
    std::string parameters;
    for (unsigned n = random() % 8; n > 0; --n) {
      const std::string& attribute = attributes[random() % attributes.size()];
      std::string value = some_value(attribute, random).substr(0, 1000);
      std::erase_if(value, [](char c) { return c == '\0' || c == '"'; });
      parameters += attribute + "=\"" + value + "\" ";
    }
    const int error = load_module(parameters);
    return error == EEXIST ? "" : said("load " + parameters, error);
  };
  all_at_once(std::chrono::seconds(extent(15, 300)), [&](int process, std::mt19937& random) {
    if (process == 0) {
      const int error = unload_module();
      if (error == EWOULDBLOCK || error == EBUSY) return std::string();  // a folder holds it
      return error && error != ENOENT ? "unload: " + std::string(std::strerror(error))
                                      : load(random);
    }
    const std::string folder = kRoot + static_cast<char>('a' + random() % 3);
    // None is there for long; and without the module, neither is the place for it.
    if (mkdir(folder.c_str(), 0755) && errno != EEXIST && errno != ENOENT && errno != EPERM)
      return said("mkdir", errno);
    const std::string& attribute = attributes[random() % attributes.size()];
    write_file(folder + "/" + attribute, some_value(attribute, random));
    write_file(folder + "/port", "9000");
    write_file(folder + "/enabled", "1");
    if (process == 1) usleep(random() % 20000);
    rmdir(folder.c_str());
    usleep(random() % 3000);
    return std::string();
  });
  if (module_is_loaded()) {
    remove_folders();
    EXPECT_EQ(unload_module(), 0);
  }
  EXPECT_EQ(load_module(""), 0);
}

}  // namespace
}  // namespace kudp::stress
