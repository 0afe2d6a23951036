// SPDX-License-Identifier: GPL-2.0-only
#include "tests/guest/send_module.hpp"

#include "tests/guest/system.hpp"

namespace kudp::guest {

SendModule::SendModule(const std::string& parameters)
    : error_(load_module(parameters, "kudp_send")), loaded_(error_ == 0) {}

SendModule::~SendModule() {
  if (loaded_) unload();
}

std::string SendModule::result() const {
  return read_file("/sys/module/kudp_send/parameters/result");
}

bool SendModule::finishes() const {
  return eventually([&] { return result().starts_with("done "); });
}

int SendModule::unload() {
  const int error = unload_module("kudp_send");
  loaded_ = error != 0;
  return error;
}

}  // namespace kudp::guest
