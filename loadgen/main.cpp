// SPDX-License-Identifier: GPL-2.0-only
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "loadgen/base/version.hpp"
#include "loadgen/commands/commands.hpp"

namespace {

constexpr const char* kFooter =
    "Exit status: 0 the run is valid, 1 error, 2 wrong usage, 3 the run is not valid (the output\n"
    "says why), 130 and 143 interrupted.";

// What is wrong may quote a file that is no text at all.
int complain(int status, std::string what) {
  std::ranges::replace_if(
      what, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  fmt::print(stderr, "kudp-load: {}\n", what);
  return status;
}

std::string subcommands(CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  return fmt::format("want a subcommand: {}; see --help", fmt::join(names, ", "));
}

// Parses, and does what is asked for; the exit status.
int run(int argc, char** argv) {
  CLI::App app("Loads a UDP echo server and measures what it answers.", "kudp-load");
  app.set_version_flag("--version", kudp::kVersion);
  app.footer(kFooter);
  kudp::add_commands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::RuntimeError& status) {
    return status.get_exit_code();
  } catch (const CLI::ConfigError& error) {
    return complain(2, error.what());
  } catch (const CLI::FileError& error) {
    return complain(2, error.what());
  } catch (const CLI::ParseError& error) {
    return complain(2, app.get_subcommands().empty() ? subcommands(app) : error.what());
  } catch (const std::exception& error) {
    return complain(1, error.what());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int status = run(argc, argv);
  if (std::fflush(stdout) != 0) return complain(1, "stdout cannot be written");
  return status;
}
