// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

namespace kudp {

// Writes records, one per line, to a file or to stdout ("-"), or nowhere (""). The file is opened,
// and emptied, at once: better before a run than after it. Throws std::runtime_error.
class JsonLines {
 public:
  explicit JsonLines(const std::string& path);
  ~JsonLines();
  JsonLines(const JsonLines&) = delete;

  bool on_stdout() const { return file_ == stdout; }
  void write(const nlohmann::ordered_json& record);

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
};

}  // namespace kudp
