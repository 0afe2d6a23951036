// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/commands.hpp"

#include "loadgen/commands/blast.hpp"
#include "loadgen/commands/compare.hpp"
#include "loadgen/commands/run.hpp"
#include "loadgen/commands/search.hpp"
#include "loadgen/commands/send.hpp"
#include "loadgen/commands/stamp.hpp"
#include "loadgen/commands/summary.hpp"

namespace kudp {

void add_commands(CLI::App& app) {
  app.require_subcommand(1);
  app.set_config("--config", "",
                 "read a subcommand and its options from this file; see kudp-load(1)")
      ->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  add_closed_command(app);
  add_open_command(app);
  add_blast_command(app);
  add_send_command(app);
  add_search_command(app);
  add_compare_command(app);
  add_stamp_command(app);
  add_summary_command(app);
  for (CLI::App* command : app.get_subcommands({})) command->configurable();
}

}  // namespace kudp
