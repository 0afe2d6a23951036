// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <xdp/xsk.h>

#include <cstdint>
#include <memory>

#include "bench/baseline/device.hpp"

namespace kudp::baseline {

// An AF_XDP socket of one queue with memory of its own. As many frames as each ring has places:
// wherever they are, no ring can overflow, and no list of free frames is needed.
class Xsk {
 public:
  // Throws std::runtime_error.
  Xsk(const Device& device, unsigned queue, bool copy, unsigned busy_poll);

  xsk_socket* socket() const { return socket_.get(); }
  int fd() const { return xsk_socket__fd(socket_.get()); }
  bool zero_copy() const;
  char* frame(std::uint64_t address) const { return memory_.get() + address; }

  // The longest frame that fits.
  static std::size_t frame_room() { return kFrame - XDP_PACKET_HEADROOM - kAlignIp; }

  // What arrived: entries [first, first + count), until release().
  unsigned receive(unsigned most, std::uint32_t& first) {
    return static_cast<unsigned>(xsk_ring_cons__peek(&received_, most, &first));
  }
  const xdp_desc& received(std::uint32_t index) const {
    return *xsk_ring_cons__rx_desc(&received_, index);
  }
  void release(unsigned count) { xsk_ring_cons__release(&received_, count); }

  // Has a frame sent, or received into; both count from the flush() that follows.
  void send(std::uint64_t address, std::size_t bytes);
  void give(std::uint64_t address);
  void flush();

  // Gives back the frames of what has been sent, and returns how many.
  unsigned reap();

  // Sends that the kernel has not begun, and a call for it to begin them.
  unsigned waiting() const {
    return *sends_.producer - __atomic_load_n(sends_.consumer, __ATOMIC_ACQUIRE);
  }
  void kick();

  // Datagrams lost for want of frames or ring places.
  std::uint64_t dropped() const;

 private:
  static constexpr unsigned kFrames = 2048;
  static constexpr unsigned kFrame = 4096;
  static constexpr unsigned kAlignIp = 2;  // what an Ethernet header is more than a multiple of 4
  static constexpr std::size_t kBytes = std::size_t{kFrames} * kFrame;

  struct Unmap {
    void operator()(char* memory) const;
  };
  struct DeleteUmem {
    void operator()(xsk_umem* umem) const { xsk_umem__delete(umem); }
  };
  struct DeleteSocket {
    void operator()(xsk_socket* socket) const { xsk_socket__delete(socket); }
  };

  void open(const Device& device, unsigned queue, bool copy);

  std::unique_ptr<char, Unmap> memory_;
  xsk_ring_prod free_{}, sends_{};
  xsk_ring_cons received_{}, sent_{};
  std::unique_ptr<xsk_umem, DeleteUmem> umem_;
  std::unique_ptr<xsk_socket, DeleteSocket> socket_;
  unsigned sending_ = 0, giving_ = 0;  // since the last flush()
};

}  // namespace kudp::baseline
