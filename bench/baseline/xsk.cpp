// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline/xsk.hpp"

#include <fmt/format.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace kudp::baseline {
namespace {

template <typename Value>
void set_option(int fd, int name, const Value& value, const char* what) {
  if (setsockopt(fd, SOL_SOCKET, name, &value, sizeof value))
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

void Xsk::Unmap::operator()(char* memory) const {
  munmap(memory, kBytes);
}

Xsk::Xsk(const Device& device, unsigned queue, bool copy, unsigned busy_poll) {
  void* const memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "AF_XDP");
  memory_.reset(static_cast<char*>(memory));
  open(device, queue, copy);

  // In copy mode the kernel makes an skb of each frame and charges it to the socket.
  set_option(fd(), SO_SNDBUFFORCE, 64 << 20, "SO_SNDBUFFORCE");
  if (busy_poll) {
    set_option(fd(), SO_PREFER_BUSY_POLL, 1, "SO_PREFER_BUSY_POLL");
    set_option(fd(), SO_BUSY_POLL, static_cast<int>(busy_poll), "SO_BUSY_POLL");
    set_option(fd(), SO_BUSY_POLL_BUDGET, 64, "SO_BUSY_POLL_BUDGET");
  }
  for (unsigned i = 0; i < kFrames; ++i) give(std::uint64_t{i} * kFrame);
  flush();
}

void Xsk::open(const Device& device, unsigned queue, bool copy) {
  const xsk_umem_config memory{kFrames, kFrames, kFrame, kAlignIp, 0};
  xsk_umem* umem = nullptr;
  check_bpf(xsk_umem__create(&umem, memory_.get(), kBytes, &free_, &sent_, &memory), "AF_XDP");
  umem_.reset(umem);

  xsk_socket_config config{};
  config.rx_size = kFrames;
  config.tx_size = kFrames;
  config.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD;
  // With neither flag the kernel takes zero-copy where the driver has it.
  config.bind_flags = XDP_USE_NEED_WAKEUP | (copy ? XDP_COPY : 0);
  xsk_socket* socket = nullptr;
  const int status =
      xsk_socket__create(&socket, device.name.c_str(), queue, umem, &received_, &sends_, &config);
  if (status == -EBUSY)
    throw std::runtime_error(
        fmt::format("{}: queue {} has another AF_XDP socket", device.name, queue));
  check_bpf(status, fmt::format("{}: AF_XDP on queue {}", device.name, queue).c_str());
  socket_.reset(socket);
}

bool Xsk::zero_copy() const {
  xdp_options options{};
  socklen_t length = sizeof options;
  return getsockopt(fd(), SOL_XDP, XDP_OPTIONS, &options, &length) == 0 &&
         options.flags & XDP_OPTIONS_ZEROCOPY;
}

void Xsk::send(std::uint64_t address, std::size_t bytes) {
  std::uint32_t index = 0;
  xsk_ring_prod__reserve(&sends_, 1, &index);
  *xsk_ring_prod__tx_desc(&sends_, index) = {address, static_cast<std::uint32_t>(bytes), 0};
  ++sending_;
}

void Xsk::give(std::uint64_t address) {
  std::uint32_t index = 0;
  xsk_ring_prod__reserve(&free_, 1, &index);
  *xsk_ring_prod__fill_addr(&free_, index) = address;
  ++giving_;
}

void Xsk::flush() {
  if (giving_) xsk_ring_prod__submit(&free_, giving_);
  if (sending_) xsk_ring_prod__submit(&sends_, sending_);
  giving_ = sending_ = 0;
}

unsigned Xsk::reap() {
  std::uint32_t first = 0;
  const auto count = static_cast<unsigned>(xsk_ring_cons__peek(&sent_, kFrames, &first));
  for (unsigned i = 0; i < count; ++i)
    give(*xsk_ring_cons__comp_addr(&sent_, first + i) / kFrame * kFrame);
  if (count) xsk_ring_cons__release(&sent_, count);
  return count;
}

void Xsk::kick() {
  sendto(fd(), nullptr, 0, MSG_DONTWAIT, nullptr, 0);
}

std::uint64_t Xsk::dropped() const {
  xdp_statistics statistics{};
  socklen_t length = sizeof statistics;
  if (getsockopt(fd(), SOL_XDP, XDP_STATISTICS, &statistics, &length)) return 0;
  return statistics.rx_dropped + statistics.rx_ring_full;
}

}  // namespace kudp::baseline
