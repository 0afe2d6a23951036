// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/output_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace kudp {

OutputFile::OutputFile(std::string option, std::string path)
    : option_(std::move(option)), path_(std::move(path)) {
  if (path_.empty()) return;
  file_ = path_ == "-" ? stdout : std::fopen(path_.c_str(), "we");
  if (file_ == nullptr) fail();
}

OutputFile::~OutputFile() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
}

void OutputFile::write(std::string_view text) {
  if (file_ == nullptr) return;
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size() || std::fflush(file_) != 0)
    fail();
}

void OutputFile::fail() const {
  throw std::system_error(errno, std::generic_category(), option_ + " " + path_);
}

}  // namespace kudp
