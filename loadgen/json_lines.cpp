// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/json_lines.hpp"

#include <cerrno>
#include <system_error>

namespace kudp {

JsonLines::JsonLines(const std::string& path) : path_(path) {
  if (path.empty()) return;
  file_ = path == "-" ? stdout : std::fopen(path.c_str(), "we");
  if (file_ == nullptr) throw std::system_error(errno, std::generic_category(), "--json " + path);
}

JsonLines::~JsonLines() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
}

// Flushed, so that a full disk is an error and not a short file.
void JsonLines::write(const nlohmann::ordered_json& record) {
  if (file_ == nullptr) return;
  const auto line = record.dump() + '\n';
  if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0)
    throw std::system_error(errno, std::generic_category(), "--json " + path_);
}

}  // namespace kudp
