// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

namespace kudp::guest {

// kudp_send.ko, loaded with the object and gone with it.
class SendModule {
 public:
  explicit SendModule(const std::string& parameters);
  ~SendModule();
  SendModule(const SendModule&) = delete;
  SendModule& operator=(const SendModule&) = delete;

  int error() const { return error_; }  // insmod's errno; 0: it is loaded
  std::string result() const;           // the parameter of that name
  bool finishes() const;                // within 30 seconds
  int unload();                         // 0 or the errno

 private:
  int error_;
  bool loaded_;
};

}  // namespace kudp::guest
