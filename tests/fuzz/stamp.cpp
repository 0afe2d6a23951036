// SPDX-License-Identifier: GPL-2.0-only
// kmod/stamp.h: of any request, the reply stays in its memory, carries what the request said, and
// changes nothing of its TLVs but their flags.
#include "kmod/stamp.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_verdict(const Bytes& request) {
  const auto verdict = kudp_stamp_check(request.data(), static_cast<unsigned>(request.size()));
  if (request.size() < KUDP_TWAMP_REQUEST) {
    require(verdict == KUDP_STAMP_SHORT);
    return;
  }
  const bool zeros = std::all_of(
      request.begin() + 4, request.begin() + std::min<long>(16, static_cast<long>(request.size())),
      [](auto byte) { return byte == 0; });
  if (verdict == KUDP_STAMP_AUTHENTICATED)
    require(zeros && request.size() >= KUDP_STAMP_AUTHENTICATED_BASE);
  else
    require((verdict == KUDP_STAMP_CORRUPT) == (request[KUDP_STAMP_ERROR + 1] == 0));
}

// The estimate is 2^-32 s times multiplier times 2^scale: never less than the truth, nor twice it.
void check_error(unsigned ns) {
  const unsigned error = kudp_stamp_error(ns);
  if (ns == 0) {
    require(error == KUDP_STAMP_ERROR_UNKNOWN);
    return;
  }
  require(error & KUDP_STAMP_SYNCHRONIZED && error & KUDP_STAMP_MULTIPLIER_MASK);
  const unsigned long long units =
      static_cast<unsigned long long>(error & KUDP_STAMP_MULTIPLIER_MASK)
      << (error >> KUDP_STAMP_SCALE_SHIFT & KUDP_STAMP_SCALE_MASK);
  const unsigned long long truth = (static_cast<unsigned long long>(ns) << 32) / 1'000'000'000;
  require(units >= truth && units <= 2 * truth + 2);
}

void check_reply(const Bytes& request, const kudp_stamp_reply& reply, unsigned seconds,
                 unsigned nanoseconds) {
  const auto length = static_cast<unsigned>(request.size());
  const unsigned size = kudp_stamp_length(length);
  require(size >= length && size == std::max<unsigned>(length, KUDP_TWAMP_REPLY));
  // Of just that size, so that ASan sees every byte beyond.
  const auto packet = std::make_unique<std::uint8_t[]>(size);
  std::ranges::copy(request, packet.get());
  kudp_stamp_reflect(packet.get(), length, &reply);
  kudp_stamp_put_departure(packet.get(), seconds, nanoseconds);
  // What an echo service sends back is known, unless it was held longer than any reply is.
  if (request[KUDP_STAMP_ERROR + 1] != 0)
    require(kudp_stamp_is_reply(packet.get(), size, reply.error) ==
            (seconds - reply.seconds + 1 <= KUDP_STAMP_HOLD_MAX));
  require(!kudp_stamp_is_reply(packet.get(), size, reply.error ^ 1));
  require(!kudp_stamp_is_reply(packet.get(), KUDP_TWAMP_REPLY - 1, reply.error));
  // Nor is it one without what a reply has of its request.
  for (const auto& [at, value] :
       {std::pair{KUDP_STAMP_SENDER_ERROR + 1, 0}, {KUDP_STAMP_SENDER_ERROR + 2, 1}}) {
    Bytes other(packet.get(), packet.get() + size);
    other[at] = static_cast<std::uint8_t>(value);
    require(!kudp_stamp_is_reply(other.data(), size, reply.error));
  }

  require(kudp_get32(packet.get()) == reply.sequence);
  require(kudp_get16(packet.get() + KUDP_STAMP_ERROR) == reply.error);
  require(kudp_get32(packet.get() + KUDP_STAMP_TIMESTAMP) == seconds + KUDP_STAMP_NTP_EPOCH);
  require(packet[KUDP_STAMP_SENDER_TTL] == reply.ttl);
  require(std::equal(request.begin(), request.begin() + KUDP_TWAMP_REQUEST,
                     packet.get() + KUDP_STAMP_SENDER_SEQUENCE));
  require(kudp_stamp_ssid(packet.get(), length) == kudp_stamp_ssid(request.data(), length));

  unsigned changed = 0, tlvs = 0;
  for (unsigned at = KUDP_STAMP_BASE; at < length; ++at) changed += packet[at] != request[at];
  for (unsigned at = KUDP_STAMP_BASE; at + 4 <= length && packet[at + 1]; ++tlvs) {
    require(std::equal(&request[at] + 1, &request[at] + 4, &packet[at] + 1));
    require((packet[at] & ~(KUDP_STAMP_TLV_UNRECOGNIZED | KUDP_STAMP_TLV_MALFORMED)) == 0);
    const unsigned value = kudp_get16(&packet[at] + 2);
    const bool malformed = value > length - at - 4;
    require(malformed == !!(packet[at] & KUDP_STAMP_TLV_MALFORMED));
    at = malformed ? length : at + 4 + value;
  }
  require(changed <= tlvs);
}

// Any bytes, or TLVs with the lengths that they have.
Bytes request_of(FuzzedDataProvider& input) {
  Bytes request = input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange(0, 60));
  if (input.ConsumeBool()) return request;
  request.resize(KUDP_STAMP_BASE, 1);
  while (input.remaining_bytes() > 4 && request.size() < 1400 && input.ConsumeBool()) {
    const Bytes value = input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange(0, 40));
    const unsigned wrong = input.ConsumeBool() ? 0 : input.ConsumeIntegral<std::uint8_t>();
    request.push_back(input.ConsumeIntegral<std::uint8_t>());
    request.push_back(input.ConsumeIntegralInRange<std::uint8_t>(0, 10));
    request.push_back(0);
    request.push_back(static_cast<std::uint8_t>(value.size() + wrong));
    request.insert(request.end(), value.begin(), value.end());
  }
  if (input.ConsumeBool()) std::fill(request.begin() + 4, request.begin() + 16, 0);
  if (input.ConsumeBool()) request.resize(KUDP_STAMP_AUTHENTICATED_BASE);
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  check_error(input.ConsumeIntegralInRange<unsigned>(0, 999'999'999));
  const kudp_stamp_reply reply{input.ConsumeIntegral<unsigned>(), input.ConsumeIntegral<unsigned>(),
                               input.ConsumeIntegralInRange<unsigned>(0, 999'999'999),
                               input.ConsumeIntegral<unsigned short>(),
                               input.ConsumeIntegral<unsigned char>()};
  const Bytes request = request_of(input);
  check_verdict(request);
  if (request.size() >= KUDP_TWAMP_REQUEST)
    check_reply(request, reply,
                input.ConsumeBool() ? reply.seconds + input.ConsumeIntegralInRange(-3, 70)
                                    : input.ConsumeIntegral<unsigned>(),
                input.ConsumeIntegralInRange<unsigned>(0, 999'999'999));
  else
    require(kudp_stamp_length(static_cast<unsigned>(request.size())) == request.size());
  return 0;
}
