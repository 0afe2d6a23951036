// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <liburing.h>

#include "bench/baseline_buffers.hpp"

namespace kudp::baseline {

// An io_uring of one thread that submits, and waits, itself. Throws std::system_error.
class Ring {
 public:
  Ring(unsigned entries, unsigned completions, int file);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  io_uring* get() { return &ring_; }

  // An entry to fill in; where there is none left, what was filled in is submitted first.
  io_uring_sqe* entry();

 private:
  io_uring ring_;
};

// Receive buffers that the kernel takes from as datagrams arrive: a ring of its own, in memory
// shared with it.
class ProvidedBuffers {
 public:
  static constexpr int kGroup = 0;

  // `count`: a power of two.
  ProvidedBuffers(Ring& ring, unsigned count);

  unsigned count() const { return count_; }
  char* operator[](std::size_t index) const { return buffers_[index]; }

  // Gives a buffer back; publish() makes all given back visible to the kernel.
  void give(unsigned index);
  void publish();

 private:
  struct Unmap {
    std::size_t bytes;
    void operator()(io_uring_buf_ring* ring) const { munmap(ring, bytes); }
  };

  const unsigned count_;
  const Buffers buffers_;
  std::unique_ptr<io_uring_buf_ring, Unmap> shared_;
  int given_ = 0;
};

}  // namespace kudp::baseline
