// SPDX-License-Identifier: GPL-2.0-only
#include "tests/guest/send_module.hpp"

#include <chrono>
#include <thread>

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
  for (int i = 0; i < 3000; ++i) {
    if (result().starts_with("done ")) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

int SendModule::unload() {
  const int error = unload_module("kudp_send");
  loaded_ = error != 0;
  return error;
}

}  // namespace kudp::guest
