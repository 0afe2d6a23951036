// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "loadgen/json_lines.hpp"
#include "loadgen/output_file.hpp"
#include "loadgen/run.hpp"
#include "loadgen/run_arguments.hpp"
#include "loadgen/verdict.hpp"

namespace kudp {

// The files of one run. Construction opens them and writes the header of the records. All throw
// std::runtime_error with one line.
class Outputs {
 public:
  explicit Outputs(const RunArguments& arguments);

  void write(const Interim& interim);

  // The result in each format asked for, and as a table where that does not mix with another.
  void write(const RunOptions& options, const RunResult& result, const Verdict& verdict);

 private:
  bool quiet_;
  JsonLines json_;
  OutputFile hgrm_;
  OutputFile openmetrics_;
};

}  // namespace kudp
