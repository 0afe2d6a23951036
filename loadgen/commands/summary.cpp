// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/summary.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "loadgen/commands/work.hpp"
#include "loadgen/output/comparison_records.hpp"
#include "loadgen/output/comparison_tables.hpp"
#include "loadgen/statistics/records.hpp"

namespace kudp {
namespace {

struct Arguments {
  std::string file;
  std::vector<std::string> references{"recvfrom", "recvmmsg", "recvmmsg-gro", "io_uring"};
  bool json = false;
};

comparison::Records read_file(const std::string& name) {
  if (name == "-") return comparison::read_records(std::cin, "stdin");
  std::ifstream file(name);
  if (!file) throw std::runtime_error(fmt::format("{}: {}", name, std::strerror(errno)));
  return comparison::read_records(file, name);
}

void run(const Arguments& arguments) {
  const auto records = read_file(arguments.file);
  const auto result = comparison::compare(records.runs, arguments.references);
  std::cout << (arguments.json ? comparison::json_lines(result, records.accelerator)
                               : comparison::tables(result, records.accelerator));
  if (!std::cout.flush()) throw std::runtime_error("stdout cannot be written");
}

}  // namespace

void add_summary_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("summary", "Compare the servers in a file of runs.");
  command.add_option("file", arguments->file, "JSON lines with run records; - is stdin")
      ->required();
  command
      .add_option("--reference", arguments->references,
                  "servers of which the fastest is the reference")
      ->delimiter(',')
      ->capture_default_str();
  command.add_flag("--json", arguments->json, "print JSON lines instead of tables");
  set_work(command, [arguments] { run(*arguments); });
}

}  // namespace kudp
