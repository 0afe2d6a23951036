// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "loadgen/base/output_file.hpp"

namespace kudp {

// Writes records, one per line, to the file of an option.
class JsonLines {
 public:
  explicit JsonLines(const std::string& path, const std::string& option = "--json")
      : file_(option, path) {}

  explicit operator bool() const { return static_cast<bool>(file_); }
  bool on_stdout() const { return file_.on_stdout(); }
  void write(const nlohmann::ordered_json& record) {
    if (file_) file_.write(record.dump() + '\n');
  }

 private:
  OutputFile file_;
};

}  // namespace kudp
