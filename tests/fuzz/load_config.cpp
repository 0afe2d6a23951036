// SPDX-License-Identifier: GPL-2.0-only
// The file of --config: whatever is in it is taken, or refused as the command line would be.
#include <cstdint>
#include <sstream>
#include <string>

#include "loadgen/commands/commands.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  CLI::App app;
  kudp::add_commands(app);
  for (CLI::App* command : app.get_subcommands({})) command->callback([] {});
  std::istringstream file(std::string(reinterpret_cast<const char*>(data), size));
  try {
    app.parse_from_stream(file);
  } catch (const CLI::ParseError&) {
  }
  return 0;
}
