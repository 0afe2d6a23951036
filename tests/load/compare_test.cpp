// SPDX-License-Identifier: GPL-2.0-only
//
// kudp-load compare, as it is called, with one server twice and with two that differ.
#include "loadgen/commands/compare.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/load/undisturbed.hpp"
#include "tests/unit/test_server.hpp"

namespace kudp {
namespace {

constexpr const char* kBusy = "too few runs were valid: the machine has no time for this";

// What a comparison said.
struct Outcome {
  int contestants = 0;
  int winner = -1;
};

std::optional<Outcome> compare(const Server& one, const Server& other) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("kudp-compare-" + std::to_string(getpid()) + ".json");
  CLI::App app;
  add_compare_command(app);
  try {
    app.parse(
        "compare --rate 2000 --flows 4 --duration 0.3 --warmup 0.1 --repetitions 10 --quiet "
        "--json " +
        file.string() + " " + one.target().str() + " " + other.target().str());
  } catch (const CLI::RuntimeError&) {
    std::filesystem::remove(file);
    return std::nullopt;
  }
  Outcome outcome;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line);
    if (record["record"] != "contest") continue;
    if (record["winner"].get<bool>()) outcome.winner = outcome.contestants;
    ++outcome.contestants;
  }
  std::filesystem::remove(file);
  return outcome;
}

void echo(std::uint64_t, const Bytes& request, const Send& send) {
  send(request);
}

// Chance separates two intervals once in some two hundred times, and hardly twice in a row.
TEST(Compare, AServerDoesNotWinAgainstItself) {
  const Undisturbed undisturbed;
  Server server(echo);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto outcome = compare(server, server);
    if (!outcome) GTEST_SKIP() << kBusy;
    ASSERT_EQ(outcome->contestants, 2);
    if (outcome->winner == -1) return;
  }
  ADD_FAILURE() << "twice there was a winner";
}

TEST(Compare, TheFasterServerWins) {
  const Undisturbed undisturbed;
  Server slow([](auto, const Bytes& request, const Send& send) {
    const auto until = now_ns() + 300 * kMicrosecond;
    while (now_ns() < until) continue;
    send(request);
  });
  Server fast(echo);
  const auto outcome = compare(slow, fast);
  if (!outcome) GTEST_SKIP() << kBusy;
  EXPECT_EQ(outcome->winner, 1);
}

}  // namespace
}  // namespace kudp
