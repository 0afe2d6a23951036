// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "loadgen/base/json_lines.hpp"
#include "loadgen/base/output_file.hpp"
#include "loadgen/run/run.hpp"
#include "loadgen/run/verdict.hpp"

namespace kudp {

// Where the result goes, as it is given: a file's name, - for stdout, nothing for none.
struct OutputArguments {
  std::string json;
  std::string hgrm;
  std::string openmetrics;
  bool quiet = false;
};

// The files of one run. Construction opens them and writes the header of the records. All throw
// std::runtime_error with one line.
class Outputs {
 public:
  explicit Outputs(const OutputArguments& arguments);

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
