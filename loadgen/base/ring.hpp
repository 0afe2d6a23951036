// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <liburing.h>
#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <span>

namespace kudp {

// An io_uring of the thread that makes it, which submits, and waits, itself. Throws
// std::system_error.
class Ring {
 public:
  // `files` are registered with it: its entries name them by their index.
  Ring(unsigned entries, unsigned completions, std::span<const int> files);
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

  // `count`, a power of two, lie in `memory`, `stride` bytes apart, each of `size` bytes.
  ProvidedBuffers(Ring& ring, char* memory, unsigned count, std::size_t stride, std::size_t size);

  unsigned count() const { return count_; }
  char* operator[](std::size_t index) const { return memory_ + index * stride_; }

  // Gives a buffer back; publish() makes all given back visible to the kernel.
  void give(unsigned index);
  void publish();

 private:
  struct Unmap {
    std::size_t bytes;
    void operator()(io_uring_buf_ring* ring) const { munmap(ring, bytes); }
  };

  char* const memory_;
  const unsigned count_;
  const std::size_t stride_;
  const std::size_t size_;
  std::unique_ptr<io_uring_buf_ring, Unmap> shared_;
  int given_ = 0;
};

}  // namespace kudp
