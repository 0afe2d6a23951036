// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/datagrams.hpp"

namespace kudp {
namespace {

constexpr std::size_t kCacheLine = 64;

}  // namespace

Datagrams::Datagrams(std::size_t count, std::size_t size)
    : stride_((size + kCacheLine - 1) / kCacheLine * kCacheLine),
      bytes_(count * stride_),
      slices_(count),
      headers_(count) {
  for (std::size_t i = 0; i < count; ++i) {
    slices_[i] = {data(i), size};
    headers_[i].msg_hdr.msg_iov = &slices_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

}  // namespace kudp
