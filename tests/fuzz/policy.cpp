// SPDX-License-Identifier: GPL-2.0-only
// kmod/policy.h: no reply is longer than its request unless that was allowed.
#include "kmod/policy.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  kudp_policy policy{};
  // One more than there are, which has no payload and is discarded.
  policy.reply = static_cast<kudp_reply>(input.ConsumeIntegralInRange<int>(0, KUDP_N_REPLIES));
  policy.port = input.ConsumeIntegral<unsigned short>();
  policy.text_len = input.ConsumeIntegralInRange<unsigned>(0, 1024);
  policy.amplify = input.ConsumeBool();
  const auto request = input.ConsumeIntegralInRange<unsigned>(0, 65527);

  const auto length = kudp_reply_length(&policy, request);
  switch (kudp_decide(&policy, request)) {
    case KUDP_ACCEPT:
      if (policy.reply == KUDP_DISCARD || policy.reply == KUDP_N_REPLIES ||
          (length > request && !policy.amplify))
        std::abort();
      break;
    case KUDP_AMPLIFICATION:
      if (length <= request || policy.amplify) std::abort();
      break;
    case KUDP_DISCARDED:
      if (policy.reply != KUDP_DISCARD && policy.reply != KUDP_N_REPLIES) std::abort();
      break;
    default:
      std::abort();
  }
  return 0;
}
