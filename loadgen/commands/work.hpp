// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <utility>

namespace kudp {

// Has the command's work done once, when all is parsed: its callback CLI11 2.1 calls for its
// section of a file of options as well.
inline void set_work(CLI::App& command, std::function<void()> work) {
  CLI::App& app = *command.get_parent();
  command.callback([&app, &command, work = std::move(work)] {
    app.callback([&app, &command, work] {
      // A file may have sections of others.
      for (const auto* other : app.get_subcommands())
        if (other != &command)
          throw CLI::ParseError(
              "want one subcommand, not both " + other->get_name() + " and " + command.get_name(),
              CLI::ExitCodes::ExtrasError);
      work();
    });
  });
}

}  // namespace kudp
