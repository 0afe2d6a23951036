// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/base/ring.hpp"

#include <cerrno>
#include <cstdint>

#include "loadgen/base/fail.hpp"

namespace kudp {
namespace {

// The best that the kernel knows: completions are worked off when the thread asks for them, not
// when they interrupt it (6.1), or at least not by an interrupt of its own (5.19).
int open_ring(unsigned entries, unsigned completions, io_uring* ring) {
  constexpr unsigned kAlways = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL;
  int status = 0;
  for (const unsigned flags : {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
                               IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN, 0u}) {
    io_uring_params parameters{};
    parameters.flags = kAlways | flags;
    parameters.cq_entries = completions;
    status = io_uring_queue_init_params(entries, ring, &parameters);
    if (status != -EINVAL) break;
  }
  return status;
}

}  // namespace

Ring::Ring(unsigned entries, unsigned completions, std::span<const int> files) {
  if (const int status = open_ring(entries, completions, &ring_)) fail("io_uring", -status);
  if (const int status =
          io_uring_register_files(&ring_, files.data(), static_cast<unsigned>(files.size()))) {
    io_uring_queue_exit(&ring_);
    fail("io_uring: registered files", -status);
  }
  io_uring_register_ring_fd(&ring_);  // saves a look-up; may be refused
}

Ring::~Ring() {
  io_uring_unregister_files(&ring_);
  io_uring_queue_exit(&ring_);
}

io_uring_sqe* Ring::entry() {
  io_uring_sqe* entry;
  while (!(entry = io_uring_get_sqe(&ring_))) io_uring_submit(&ring_);
  return entry;
}

ProvidedBuffers::ProvidedBuffers(Ring& ring, char* memory, unsigned count, std::size_t stride,
                                 std::size_t size)
    : memory_(memory), count_(count), stride_(stride), size_(size) {
  const std::size_t bytes = count * sizeof(io_uring_buf);
  void* const shared =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail("io_uring: buffers");
  shared_ = {static_cast<io_uring_buf_ring*>(shared), Unmap{bytes}};

  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(shared);
  registration.ring_entries = count;
  registration.bgid = kGroup;
  if (const int status = io_uring_register_buf_ring(ring.get(), &registration, 0))
    fail("io_uring: ring of provided buffers (Linux 5.19)", -status);
  io_uring_buf_ring_init(shared_.get());
  for (unsigned i = 0; i < count; ++i) give(i);
  publish();
}

void ProvidedBuffers::give(unsigned index) {
  io_uring_buf_ring_add(shared_.get(), (*this)[index], static_cast<unsigned>(size_),
                        static_cast<unsigned short>(index), io_uring_buf_ring_mask(count_),
                        given_++);
}

void ProvidedBuffers::publish() {
  if (given_) io_uring_buf_ring_advance(shared_.get(), given_);
  given_ = 0;
}

}  // namespace kudp
