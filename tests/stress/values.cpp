// SPDX-License-Identifier: GPL-2.0-only
#include "tests/stress/values.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <iterator>
#include <map>

#include "tests/guest/responder.hpp"

namespace kudp::stress {
namespace {

using Values = std::vector<std::string>;

const Values kSwitch = {"0", "1"};
const Values kRates = {"0", "1", "1000", "100000000"};

const std::map<std::string, Values> kGood = {
    {"engine", {"kthread", "softirq", "classic"}},
    {"reply", {"echo", "discard", "text", "stamp"}},
    {"text", {"", "hello", std::string(1024, 'x')}},
    {"amplify", kSwitch},
    {"address", {"127.0.0.1", "::1", "0.0.0.0", "::", "198.18.1.1", "fd00:6b75:6470:1::1"}},
    {"port", {"9000", "9001", "1", "65535"}},
    {"gro", kSwitch},
    {"turnaround", {"route", "link"}},
    {"reply_to", {"", "127.0.0.1:9009", "[::1]:9009"}},
    {"log", kSwitch},
    {"batch", {"1", "64", "256"}},
    {"rcvbuf", {"4096", "4194304"}},
    {"stateful", kSwitch},
    {"clock_error", {"0", "1", "999999999"}},
    {"guard_low_port", kSwitch},
    {"guard_responder_port", kSwitch},
    {"guard_hop_limit", kSwitch},
    {"allow", {"all", "198.18.0.0/15,fd00::/8", "+127.0.0.0/8", "-127.0.0.0/8", "::/0"}},
    {"rate", kRates},
    {"rate_prefix", kRates},
    {"rate_prefix_ipv4", {"1", "24", "32"}},
    {"rate_prefix_ipv6", {"1", "56", "64"}},
    {"busy_poll", {"0", "1", "1000"}},
    {"enabled", {"1", "1", "1", "0"}},
};

const Values kBad = {"",
                     "\n",
                     "\n\n",
                     " ",
                     "-1",
                     "+1",
                     "0x10",
                     "1e3",
                     "01",
                     "1 ",
                     "65536",
                     "4294967295",
                     "4294967296",
                     "18446744073709551616",
                     "%s%n%p",
                     "../../enabled",
                     "/",
                     ",,,,",
                     "all,all",
                     "+",
                     "-",
                     "+0.0.0.0/33",
                     "127.0.0.1/",
                     "127.0.0.1/-1",
                     "::/129",
                     "::ffff:127.0.0.1",
                     "fe80::1%lo",
                     "fe80::1%nosuch",
                     "224.0.0.1",
                     "255.255.255.255",
                     "ff02::1",
                     "[::1]:0",
                     "[::]:1",
                     "127.0.0.1:99999",
                     "[[::1]]:1",
                     std::string("1\0", 2),
                     std::string("\0", 1),
                     std::string("echo\0discard", 12),
                     "\xff\xfe\x80",
                     "\xf0\x9f\x92\xa3",
                     std::string(64, '9'),
                     std::string(1025, 'y'),
                     std::string(4095, '1'),
                     std::string(4096, 'A'),
                     std::string(9000, ',')};

// A list as long as the longest that configfs takes in one write, or longer.
std::string some_prefixes(std::mt19937& random) {
  const std::string sign = random() % 3 ? random() % 3 ? "+" : "-" : "";
  std::string list;
  for (unsigned n = random() % 300; n > 0; --n)
    list += sign + "10." + std::to_string(random() % 256) + "." + std::to_string(random() % 256) +
            ".0/" + std::to_string(random() % 20 ? 24 : random() % 40) + (n % 2 ? "," : "\n");
  return list;
}

std::string noise(std::mt19937& random) {
  std::string bytes(random() % 5000, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace

std::vector<std::string> writable_attributes() {
  const guest::Responder responder("attributes");
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator("/sys/kernel/config/kudp/attributes")) {
    struct stat status;
    if (!stat(entry.path().c_str(), &status) && status.st_mode & S_IWUSR)
      names.push_back(entry.path().filename());
  }
  return names;
}

std::string some_value(const std::string& attribute, std::mt19937& random) {
  const auto good = kGood.find(attribute);
  if (good != kGood.end() && random() % 100 < 60)
    return good->second[random() % good->second.size()] + (random() % 2 ? "\n" : "");
  if (attribute == "allow" && random() % 2) return some_prefixes(random);
  if (random() % 10 == 0) return noise(random);
  return kBad[random() % kBad.size()];
}

}  // namespace kudp::stress
