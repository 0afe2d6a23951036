// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <concepts>
#include <string>
#include <system_error>
#include <type_traits>

namespace kudp {

// Adds an option that is a number from `low` to `high`, and says so in the help and in errors. Its
// default is what `value` holds, if that is allowed. (CLI::Range lets "nan" pass.)
template <class T>
CLI::Option& add_number(CLI::App& command, const std::string& name, T& value,
                        std::type_identity_t<T> low, std::type_identity_t<T> high,
                        const std::string& unit, const std::string& description) {
  const auto allowed = [low, high](T number) { return number >= low && number <= high; };
  // CLI11 takes 010 for 8, so it is given what was read here.
  const auto read = [=](std::string& text) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && allowed(number)) {
      text = fmt::format("{}", number);
      return std::string();
    }
    return fmt::format("want a {}number from {} to {}, not '{}'", std::integral<T> ? "whole " : "",
                       low, high, text);
  };
  const auto standard = allowed(value) ? fmt::format(", default {}", value) : "";
  const auto help = fmt::format("{} [{} to {}{}]", description, low, high, standard);
  return *command.add_option(name, value, help)
              ->transform(CLI::Validator(read, ""))
              ->type_name(unit);
}

}  // namespace kudp
