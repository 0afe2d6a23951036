// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "loadgen/commands/work.hpp"
#include "loadgen/statistics/records.hpp"

namespace kudp {
namespace comparison {
namespace {

using Text = fmt::memory_buffer;

template <typename... Values>
void append(Text& text, fmt::format_string<Values...> format, Values&&... values) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Values>(values)...);
}

std::string number(std::optional<double> value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

std::string percent(std::optional<double> ratio) {
  return ratio ? fmt::format("{:.3f} %", 100 * *ratio) : "-";
}

std::string verdict(const Row& row) {
  std::string text(name_of(row.claim));
  if (!row.invalid.empty())
    text += fmt::format("; invalid: repetition {}", fmt::join(row.invalid, ", "));
  return text;
}

// "1.234 [1.200, 1.300]"; the reference's own would only say 1.
std::string ratio(const Row& row) {
  if (row.claim == Claim::reference || !row.ratio) return "-";
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", row.ratio->median, row.ratio->low, row.ratio->high);
}

std::vector<const Row*> rows_of(const Comparison& comparison, Loop loop) {
  std::vector<const Row*> rows;
  for (const Row& row : comparison.rows)
    if (row.loop == loop) rows.push_back(&row);
  return rows;
}

// Wide enough for the longest name.
std::size_t name_width(const Comparison& comparison) {
  std::size_t width = 6;
  for (const Row& row : comparison.rows) width = std::max(width, row.server.size());
  return width;
}

void closed_table(Text& text, const Comparison& comparison) {
  const auto rows = rows_of(comparison, Loop::closed);
  if (rows.empty()) return;
  const std::size_t width = name_width(comparison);
  append(text, "Closed loop\n{:{}}  {:>2}  {:>11}  {:<24}  {}\n", "server", width, "N", "goodput/s",
         "goodput ratio [min, max]", "verdict");
  for (const Row* row : rows)
    append(text, "{:{}}  {:>2}  {:>11}  {:<24}  {}\n", row->server, width, row->valid,
           number(row->goodput_per_s, 0), ratio(*row), verdict(*row));
  append(text, "\n");
}

void open_table(Text& text, const Comparison& comparison) {
  const auto rows = rows_of(comparison, Loop::open);
  if (rows.empty()) return;
  const std::size_t width = name_width(comparison);
  append(text, "Open loop\n{:{}}  {:>2}  {:>11}  {:>11}  {:>9}  {:>9}  {:>9}  {:>9}  {:<24}  {}\n",
         "server", width, "N", "offered/s", "goodput/s", "loss", "p50 us", "p99 us", "p99.9 us",
         "p99 ratio [min, max]", "verdict");
  for (const Row* row : rows)
    append(text, "{:{}}  {:>2}  {:>11}  {:>11}  {:>9}  {:>9}  {:>9}  {:>9}  {:<24}  {}\n",
           row->server, width, row->valid, number(row->offered_per_s, 0),
           number(row->goodput_per_s, 0), percent(row->loss_ratio), number(row->p50_us, 1),
           number(row->p99_us, 1), number(row->p999_us, 1), ratio(*row), verdict(*row));
  append(text, "\n");
}

void explanation(Text& text, const Comparison& comparison) {
  append(text, "Figures are medians over N valid repetitions; invalid ones count for nothing.\n");
  if (comparison.reference.empty())
    return append(text,
                  "No reference server has a valid closed-loop run, so there are no ratios.\n");
  std::size_t pairs = 0, compared = 0;
  for (const Row& row : comparison.rows) {
    if (row.ratio) pairs = std::max(pairs, row.ratio->pairs);
    compared += row.ratio && row.claim != Claim::reference;
  }
  append(text,
         "Ratios are to {}, the reference with the highest goodput, within each repetition.\n"
         "[min, max] over N repetitions covers the true median ratio with probability 1 - 2^(1-N): "
         "{:.1f} % for {}.\n"
         "Faster or slower is said only from {} repetitions on, where [min, max] excludes 1: of {} "
         "equal servers and loads, {:.1f} would be called so by chance.\n"
         "p99 is of all requests that were sent; a lost one took for ever.\n",
         comparison.reference, 100 * range_coverage(pairs), pairs, kClaimPairs, compared,
         static_cast<double>(compared) * (1 - range_coverage(pairs)));
}

nlohmann::ordered_json optional(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json json_of(const Row& row, const std::string& reference) {
  nlohmann::ordered_json line{{"record", "summary"},
                              {"server", row.server},
                              {"loop", row.loop == Loop::closed ? "closed" : "open"}};
  if (row.loop == Loop::open) line["offered_per_s"] = optional(row.offered_per_s);
  line["valid"] = row.valid;
  line["invalid_repetitions"] = row.invalid;
  line["goodput_per_s"] = optional(row.goodput_per_s);
  line["loss_ratio"] = optional(row.loss_ratio);
  line["p50_us"] = optional(row.p50_us);
  line["p99_of_sent_us"] = optional(row.p99_us);
  line["p999_us"] = optional(row.p999_us);
  line["reference"] = reference;
  line["ratio_of"] = row.loop == Loop::closed ? "goodput_per_s" : "p99_of_sent_us";
  const auto ratio = row.ratio;
  line["ratio"] = ratio ? nlohmann::ordered_json(ratio->median) : nullptr;
  line["ratio_low"] = ratio ? nlohmann::ordered_json(ratio->low) : nullptr;
  line["ratio_high"] = ratio ? nlohmann::ordered_json(ratio->high) : nullptr;
  line["pairs"] = ratio ? ratio->pairs : 0;
  line["coverage"] = range_coverage(ratio ? ratio->pairs : 0);
  line["verdict"] = name_of(row.claim);
  return line;
}

}  // namespace

std::string environment_sentence(const std::string& accelerator) {
  if (accelerator == "tcg")
    return "Measured on an emulated CPU (QEMU TCG): only ratios between servers measured in this "
           "same run mean something; rates and times are not the project's speed, and what caches "
           "and interrupts cost is not seen.";
  if (accelerator == "kvm")
    return "Measured in a virtual machine (KVM): ratios between servers measured in this same run "
           "carry over; rates and times include what the hypervisor and its other guests took, and "
           "interrupts cost more than on hardware.";
  if (accelerator == "none" || accelerator == "native")
    return "Measured natively: ratios between servers measured in this same run carry over; rates "
           "and times are those of this one machine, and only of a machine that did nothing else.";
  return fmt::format(
      "Measured with accelerator \"{}\", of which nothing is known here: trust only ratios between "
      "servers measured in this same run.",
      accelerator);
}

std::string tables(const Comparison& comparison, const std::string& accelerator) {
  Text text;
  closed_table(text, comparison);
  open_table(text, comparison);
  explanation(text, comparison);
  append(text, "{}\n", environment_sentence(accelerator));
  return fmt::to_string(text);
}

std::string json_lines(const Comparison& comparison, const std::string& accelerator) {
  const nlohmann::ordered_json environment{{"record", "environment"},
                                           {"accelerator", accelerator},
                                           {"sentence", environment_sentence(accelerator)}};
  std::string lines = environment.dump() + "\n";
  for (const Row& row : comparison.rows) lines += json_of(row, comparison.reference).dump() + "\n";
  return lines;
}

}  // namespace comparison

namespace {

struct Arguments {
  std::string file;
  std::vector<std::string> references{"recvfrom", "recvmmsg", "recvmmsg-gro", "io_uring"};
  bool json = false;
};

comparison::Records read_file(const std::string& name) {
  if (name == "-") return comparison::read_records(std::cin, "stdin");
  std::ifstream file(name);
  if (!file) throw std::runtime_error(fmt::format("{}: {}", name, std::strerror(errno)));
  return comparison::read_records(file, name);
}

void run(const Arguments& arguments) {
  const auto records = read_file(arguments.file);
  const auto result = comparison::compare(records.runs, arguments.references);
  std::cout << (arguments.json ? comparison::json_lines(result, records.accelerator)
                               : comparison::tables(result, records.accelerator));
  if (!std::cout.flush()) throw std::runtime_error("stdout cannot be written");
}

}  // namespace

void add_summary_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("summary", "Compare the servers in a file of runs.");
  command.add_option("file", arguments->file, "JSON lines with run records; - is stdin")
      ->required();
  command
      .add_option("--reference", arguments->references,
                  "servers of which the fastest is the reference")
      ->delimiter(',')
      ->capture_default_str();
  command.add_flag("--json", arguments->json, "print JSON lines instead of tables");
  set_work(command, [arguments] { run(*arguments); });
}

}  // namespace kudp
