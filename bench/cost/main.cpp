// SPDX-License-Identifier: GPL-2.0-only
//
// kudp-cost: how many instructions a guest executes for a request, by server, and for a datagram
// sent, by sender.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cost/bars.hpp"
#include "bench/cost/cell.hpp"
#include "bench/cost/clock.hpp"
#include "bench/cost/measure.hpp"
#include "bench/cost/plan.hpp"
#include "bench/cost/server.hpp"
#include "bench/cost/table.hpp"
#include "loadgen/base/json_lines.hpp"
#include "loadgen/base/number_option.hpp"
#include "loadgen/base/version.hpp"

using namespace kudp;
using namespace kudp::cost;

namespace {

constexpr const char* kFooter = R"(Exit status: 0 everything was measured, 1 error, 2 wrong usage,
3 a cell failed or is unavailable, or its passes differ.)";

struct Arguments {
  std::vector<std::string> servers, patterns{"*"}, facts;
  std::string json = "-", file;
  bool quick = false, list = false;
  int passes = 2;
  std::int64_t millions = 128;  // at which the timer's interrupts are 32, give or take one
};

void add_commands(CLI::App& app, Arguments& arguments) {
  app.require_subcommand(1);
  CLI::App& run =
      *app.add_subcommand("run", "measure; needs root, in a guest whose clock counts instructions");
  run.add_option("--servers", arguments.servers, "servers to measure [all]")->delimiter(',');
  run.add_option("--cells", arguments.patterns,
                 "loads whose names match, such as 'ipv4-64-*' [all]")
      ->delimiter(',');
  run.add_flag("--quick", arguments.quick, "IPv4, 64 bytes, one flow, bursts of 1 and 64 only");
  add_number(run, "--passes", arguments.passes, 1, 2, "N", "2: check whether figures repeat");
  add_number(run, "--instructions", arguments.millions, 1, 100'000, "MILLIONS",
             "in each pass of a cell, after a warm-up of twice as many");
  run.add_option("--fact", arguments.facts, "KEY=VALUE for the header record; repeatable")
      ->check(CLI::Validator(
          [](const std::string& fact) {
            return fact.find('=') == fact.npos ? "want KEY=VALUE" : "";
          },
          "KEY=VALUE"));
  run.add_option("--json", arguments.json, "file for the records; - is stdout")
      ->capture_default_str();
  run.add_flag("--list", arguments.list, "print the names of the loads and exit");
  CLI::App& table = *app.add_subcommand("table", "print the tables of a file of records");
  table.add_option("file", arguments.file, "JSON lines written by `run`")->required();
}

nlohmann::ordered_json header(const Arguments& arguments) {
  utsname name;
  uname(&name);
  nlohmann::ordered_json record{{"record", "header"}, {"schema", 1}, {"tool", "cost"}};
  for (const auto& fact : arguments.facts) {
    const auto equals = fact.find('=');
    record[fact.substr(0, equals)] = fact.substr(equals + 1);
  }
  record["kernel"] = name.release;
  record["accelerator"] = "tcg-icount";  // which check_clock_counts_instructions() made sure of
  return record;
}

// Throws std::runtime_error where a name is wrong.
std::vector<Cell> plan(const Arguments& arguments) {
  std::vector<Server> servers;
  for (const auto& name : arguments.servers) servers.push_back(server_named(name));
  if (servers.empty()) servers.assign(kServers.begin(), kServers.end());
  std::vector<Cell> cells;
  for (const Load& load :
       matching(arguments.quick ? quick_loads() : all_loads(), arguments.patterns))
    for (const Server& server : servers) {
      if (!can_serve(server, load)) continue;
      Cell cell;
      cell.server = server.name;
      cell.load = load;
      cells.push_back(cell);
    }
  if (cells.empty())
    throw std::runtime_error(
        "no cell is left: the loads '…-send' are for senders, super-packets not for all servers");
  return cells;
}

void show(const Cell& cell, std::size_t number, std::size_t of) {
  fmt::print(stderr, "[{}/{}] {} {}: {}\n", number, of, cell.load.name(), cell.server,
             cell.failure.empty() ? fmt::format("{:.0f}", cell.passes.back()) : cell.failure);
}

int list(const std::vector<Cell>& cells) {
  for (const Section& section : sections(cells)) fmt::print("{}\n", section.load.name());
  return 0;
}

// The second pass begins when the first is through with all cells, so that it finds another guest.
int run(const Arguments& arguments, std::vector<Cell> cells) {
  const auto head = header(arguments);
  if (geteuid() != 0) throw std::runtime_error("want root, to make network namespaces");
  check_clock_counts_instructions();
  load_module();
  const Network network, of_one(1);
  JsonLines json(arguments.json);
  json.write(head);
  std::size_t number = 0;
  for (int pass = 1; pass <= arguments.passes; ++pass)
    for (Cell& cell : cells) {
      measure(cell, arguments.millions * 1'000'000, cell.load.one_way() ? of_one : network);
      show(cell, ++number, cells.size() * arguments.passes);
      if (pass == arguments.passes) json.write(record_of(cell));
    }
  return complaints(cells).empty() ? 0 : 3;
}

int table(const Arguments& arguments) {
  std::ifstream file(arguments.file);
  if (!file) throw std::system_error(errno, std::generic_category(), arguments.file);
  const auto cells = read_cells(file, arguments.file);
  const auto all = sections(cells);
  fmt::print("{}{}", tables(all), lines(bars(all)));
  const auto wrong = complaints(cells);
  fmt::print("\n{}", wrong.empty() ? confirmation(cells) : wrong);
  return wrong.empty() ? 0 : 3;
}

int fail(const std::exception& error, int status) {
  fmt::print(stderr, "kudp-cost: {}\n", error.what());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Counts instructions per request, by server.", "kudp-cost");
  app.set_version_flag("--version", kVersion);
  app.footer(kFooter);
  Arguments arguments;
  std::vector<Cell> cells;
  add_commands(app, arguments);
  try {
    app.parse(argc, argv);
    cells = plan(arguments);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : fail(error, 2);
  } catch (const std::exception& error) {
    return fail(error, 2);
  }
  try {
    if (arguments.list) return list(cells);
    return app.got_subcommand("run") ? run(arguments, std::move(cells)) : table(arguments);
  } catch (const std::exception& error) {
    return fail(error, 1);
  }
}
