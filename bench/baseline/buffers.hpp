// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "bench/baseline/message.hpp"

namespace kudp::baseline {

// A receive buffer of the largest datagram's size for each slot of a batch, faulted in by the
// thread that constructs it, on huge pages where the system has them to give.
class Buffers {
 public:
  explicit Buffers(std::size_t count) {
    const std::size_t bytes = (count * kStride + kHugePage - 1) / kHugePage * kHugePage;
    memory_.reset(static_cast<char*>(std::aligned_alloc(kHugePage, bytes)));
    if (!memory_) throw std::bad_alloc();
    madvise(memory_.get(), bytes, MADV_HUGEPAGE);  // may be refused: then small pages it is
    std::memset(memory_.get(), 0, bytes);
  }

  char* operator[](std::size_t index) const { return memory_.get() + index * kStride; }

  // At a stride of 64 KiB the starts of all buffers would compete for one set of the L1 and L2
  // caches. 17 lines more (odd: every L1 set; 64 of them: a whole L2 way) spread them evenly.
  // They also are room for what io_uring puts before a datagram.
  static constexpr std::size_t kStride = kMaxDatagram + 17 * 64;

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  static constexpr std::size_t kHugePage = 2 << 20;

  std::unique_ptr<char, Free> memory_;
};

}  // namespace kudp::baseline
