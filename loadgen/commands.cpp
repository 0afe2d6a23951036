// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands.hpp"

#include "loadgen/blast_command.hpp"
#include "loadgen/compare_command.hpp"
#include "loadgen/run_command.hpp"
#include "loadgen/search_command.hpp"
#include "loadgen/send_command.hpp"
#include "loadgen/stamp_command.hpp"
#include "loadgen/summary.hpp"

namespace kudp {

void add_commands(CLI::App& app) {
  app.require_subcommand(1);
  app.set_config("--config", "",
                 "read a subcommand and its options from this file, see kudp-load(1)")
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
