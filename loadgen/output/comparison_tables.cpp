// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/output/comparison_tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace kudp::comparison {
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
  append(text, "Figures are medians over N valid repetitions; invalid ones are ignored.\n");
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
         "The verdict is faster or slower only with at least {} repetitions and where [min, max] "
         "excludes 1: of {} equal servers and loads, {:.1f} would get it by chance.\n"
         "p99 covers all requests that were sent; a lost one counts as infinite.\n",
         comparison.reference, 100 * range_coverage(pairs), pairs, kClaimPairs, compared,
         static_cast<double>(compared) * (1 - range_coverage(pairs)));
}

}  // namespace

std::string environment_sentence(const std::string& accelerator) {
  if (accelerator == "tcg")
    return "Measured on an emulated CPU (QEMU TCG): only ratios between servers measured in this "
           "same run are meaningful; rates and times are not the project's speed, and the cost of "
           "caches and interrupts is not included.";
  if (accelerator == "kvm")
    return "Measured in a virtual machine (KVM): ratios between servers measured in this same run "
           "carry over; rates and times include the hypervisor and its other guests, and "
           "interrupts cost more than on hardware.";
  if (accelerator == "none" || accelerator == "native")
    return "Measured natively: ratios between servers measured in this same run carry over; rates "
           "and times are those of this one machine, and only if it did nothing else.";
  return fmt::format(
      "Measured with the unknown accelerator \"{}\": trust only ratios between servers measured in "
      "this same run.",
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

}  // namespace kudp::comparison
