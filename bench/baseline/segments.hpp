// SPDX-License-Identifier: GPL-2.0-only
//
// Many datagrams of one flow as one: received so by UDP_GRO, sent so by UDP_SEGMENT.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bench/baseline/counters.hpp"
#include "bench/baseline/message.hpp"
#include "bench/baseline/reply.hpp"

namespace kudp::baseline {

// Room for the address that was asked and a segment size, in either direction.
struct alignas(cmsghdr) Control {
  char bytes[CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

// Has a socket give super-packets as they are. Throws std::system_error.
void receive_segments(int socket);

// One or more datagrams of one flow: all `segment` bytes long, but the last may be shorter.
struct Request {
  Source* source;
  socklen_t source_length;
  char* data;
  std::size_t bytes;
  std::size_t segment;
  cmsghdr* asked;  // on a wildcard socket, the address that was asked

  // Takes the segment size and the address from what came with the datagram.
  void read_control(msghdr& message);

  std::size_t count() const { return bytes <= segment ? 1 : (bytes + segment - 1) / segment; }
};

// The answers to one batch of requests. What came as a super-packet is answered by one, and so are
// several in a row of one flow and segment length, as far as one send takes them.
class Replies {
 public:
  Replies(const Reply& reply, in_port_t own_port, bool merge, Counters& counters);

  // Forgets the batch before, whose requests' memory may then be used again.
  void clear();

  // Counts and judges the request, whose memory is referred to until clear().
  void add(const Request& request);

  // What is to be sent; add() no more until clear().
  std::span<mmsghdr> seal();

  // Counts that the kernel took sends [first, last), or all but those that failed.
  void sent(std::size_t first, std::size_t last);
  void sent() { sent(0, sends_.size()); }

  // Counts that it did not take one; if that may be for its segments, sends them one at a time.
  void failed(std::size_t index, int error, int socket);

 private:
  // One send; what it points to is filled in by seal(), when no vector grows any more.
  struct Send {
    Source* source;
    socklen_t source_length;
    cmsghdr* asked;
    std::size_t segment;
    std::size_t bytes;
    std::size_t count;
    std::size_t first;  // of its iovecs
    bool open;          // may grow: all segments are of full length
  };

  void append(const Request& request, char* data, std::size_t bytes, std::size_t segment);
  void append_texts(const Request& request, std::size_t count);
  bool joins(const Request& request, std::size_t bytes, std::size_t segment) const;
  bool may_segment(std::size_t segment) const;
  void write_control(std::size_t index, msghdr& message);
  void learn(const Send& send, int error);
  std::size_t iovecs_end(std::size_t index) const;

  const Reply& reply_;
  const in_port_t own_port_;
  Counters& counters_;
  std::string texts_;            // the text, as often as one send takes it
  std::size_t longest_segment_;  // for UDP_SEGMENT; 0: none
  std::vector<Send> sends_;
  std::vector<iovec> iovecs_;
  std::vector<Control> controls_;
  std::vector<mmsghdr> messages_;
};

}  // namespace kudp::baseline
