// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/commands/send.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>

#include "loadgen/base/endpoint.hpp"
#include "loadgen/base/fail.hpp"
#include "loadgen/base/number_option.hpp"
#include "loadgen/base/socket.hpp"
#include "loadgen/commands/work.hpp"

namespace kudp {
namespace {

struct Arguments {
  std::string target;
  std::string text;
  bool nul = false;
  std::uint64_t count = 1;
};

void send_text(const Arguments& arguments) {
  const Endpoint target = resolve(arguments.target);
  const std::size_t size = arguments.text.size() + (arguments.nul ? 1 : 0);
  const Fd socket = open_udp(target);
  connect_to(socket, target);
  for (std::uint64_t n = 0; n < arguments.count; ++n)
    if (::send(socket.get(), arguments.text.c_str(), size, 0) < 0)
      fail(fmt::format("{}: {} of {} sent", target.str(), n, arguments.count));
  fmt::print("sent {} datagram{} of {} byte{} to {}\n", arguments.count,
             arguments.count == 1 ? "" : "s", size, size == 1 ? "" : "s", target.str());
}

}  // namespace

void add_send_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("send", "Send one text and wait for no reply.");
  command.add_option("TARGET", arguments->target, "destination: HOST:PORT or [IPV6]:PORT")
      ->required()
      ->type_name("");
  command.add_option("--text", arguments->text, "the text to send; may be empty")->required();
  command.add_flag("--nul", arguments->nul, "append a NUL byte, as in a C string");
  add_number(command, "--count", arguments->count, 1, 1'000'000'000, "N", "how many times");
  set_work(command, [arguments] { send_text(*arguments); });
}

}  // namespace kudp
