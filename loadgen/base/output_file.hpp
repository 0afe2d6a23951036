// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace kudp {

// A file that an option names, stdout ("-"), or none (""). It is opened, and emptied, at once:
// better before a run than after it. Errors are std::system_error and begin with the option.
class OutputFile {
 public:
  OutputFile(std::string option, std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;

  explicit operator bool() const { return file_ != nullptr; }
  bool on_stdout() const { return file_ == stdout; }

  // Flushes, so that a full disk is an error and not a short file.
  void write(std::string_view text);

 private:
  [[noreturn]] void fail() const;

  std::string option_;
  std::string path_;
  std::FILE* file_ = nullptr;
};

}  // namespace kudp
