// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/statistics/records.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <tuple>

namespace kudp::comparison {
namespace {

using nlohmann::json;

const json& field(const json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end()) throw std::runtime_error(fmt::format("no field \"{}\"", key));
  return *found;
}

template <typename Value>
Value typed(const json& record, const char* key, bool (json::*is_type)() const noexcept,
            const char* type) {
  const json& value = field(record, key);
  if (!(value.*is_type)()) throw std::runtime_error(fmt::format("\"{}\" is not {}", key, type));
  return value.get<Value>();
}

std::string text(const json& record, const char* key) {
  return typed<std::string>(record, key, &json::is_string, "a string");
}

// A figure that is null was not measured.
std::optional<double> figure(const json& record, const char* key) {
  if (field(record, key).is_null()) return std::nullopt;
  const auto value = typed<double>(record, key, &json::is_number, "a number");
  if (!std::isfinite(value) || value < 0)
    throw std::runtime_error(fmt::format("\"{}\" is out of range", key));
  return value;
}

Loop loop_of(const json& record) {
  const std::string name = text(record, "loop");
  if (name == "closed") return Loop::closed;
  if (name == "open") return Loop::open;
  throw std::runtime_error(fmt::format("\"loop\" is \"{}\", not closed or open", name));
}

Run run_of(const json& record) {
  Run run;
  run.server = text(record, "server");
  run.loop = loop_of(record);
  run.repetition = typed<int>(record, "repetition", &json::is_number_integer, "an integer");
  if (run.loop == Loop::open)
    run.offered_per_s = typed<double>(record, "offered_per_s", &json::is_number, "a number");
  run.goodput_per_s = figure(record, "goodput_per_s");
  run.loss_ratio = figure(record, "loss_ratio");
  run.p50_us = figure(record, "p50_us");
  run.p99_us = figure(record, "p99_of_sent_us");
  run.p999_us = figure(record, "p999_us");
  run.generator_limited =
      typed<bool>(record, "generator_limited", &json::is_boolean, "true or false");
  run.valid = typed<bool>(record, "valid", &json::is_boolean, "true or false");
  return run;
}

// Fills Records line by line.
class Reader {
 public:
  void take(const std::string& line) {
    const json record = json::parse(line, nullptr, false);
    if (!record.is_object()) throw std::runtime_error("not a JSON object; truncated?");
    const std::string kind = text(record, "record");
    if (kind == "header") {
      if (headed_) throw std::runtime_error("a second header: give one measurement at a time");
      if (record.contains("accelerator")) records_.accelerator = text(record, "accelerator");
      headed_ = true;
    } else if (!headed_) {
      throw std::runtime_error("no header record before this");
    } else if (kind == "run") {
      add(run_of(record));
    }
  }

  Records finish() {
    if (records_.runs.empty()) throw std::runtime_error("no run records");
    return std::move(records_);
  }

 private:
  void add(Run run) {
    if (!seen_.emplace(run.server, run.loop, run.offered_per_s, run.repetition).second)
      throw std::runtime_error(
          fmt::format("repetition {} of {} is there twice", run.repetition, run.server));
    records_.runs.push_back(std::move(run));
  }

  Records records_;
  bool headed_ = false;
  std::set<std::tuple<std::string, Loop, std::optional<double>, int>> seen_;
};

}  // namespace

Records read_records(std::istream& input, const std::string& name) {
  Reader reader;
  std::string line;
  int number = 0;
  try {
    while (std::getline(input, line)) {
      ++number;
      if (line.find_first_not_of(" \t\r") != line.npos) reader.take(line);
    }
    if (input.bad()) throw std::runtime_error("cannot be read");
    return reader.finish();
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(fmt::format("{}:{}: {}", name, number, error.what()));
  }
}

}  // namespace kudp::comparison
