// SPDX-License-Identifier: GPL-2.0-only
// Frames as a hostile neighbour makes them: UDP in IP in Ethernet, right at first, then mutated.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace kudp::stress {

// Where frames go, and where they claim to come from. Addresses in network order, as in a header.
struct Target {
  std::string mac;                 // 6 bytes
  std::string own4, neighbour4;    // 4
  std::string own6, neighbour6;    // 16
  std::uint16_t port, other_port;  // the responder's; one that nobody has
  unsigned mtu;                    // of the device that frames arrive at
};

// struct virtio_net_hdr, as PACKET_VNET_HDR takes it: <linux/virtio_net.h> is no C++, and older
// than UDP super-packets.
struct Offload {
  enum : std::uint8_t { kNeedsChecksum = 1 };
  enum : std::uint8_t { kNone = 0, kTcp4 = 1, kUdpFragments = 3, kTcp6 = 4, kUdpSegments = 5 };
  std::uint8_t flags, type;
  std::uint16_t header_length, segment, checksum_start, checksum_offset;
};
static_assert(sizeof(Offload) == 10);

struct Frame {
  std::string bytes;  // from the Ethernet header on
  std::optional<Offload> offload;

  bool is_super_packet() const { return offload && offload->type; }
};

class FrameMaker {
 public:
  FrameMaker(const Target& target, std::mt19937& random) : target_(target), random_(random) {}

  // The next one or, of fragments, several that belong together. `offloaded`: one that leaves it to
  // devices to complete it or cut it up, truly or not.
  std::vector<Frame> next(bool offloaded);

  // Datagrams of one flow, most of a size, as GRO makes one of them; some are not as they should
  // be.
  std::vector<Frame> train();

  // A frame with a request that nothing is wrong with.
  std::string request(const std::string& from, const std::string& to, unsigned from_port,
                      unsigned to_port, const std::string& data);

  // Pieces, for frames that are to be known: right in all but what is asked for.
  std::string ethernet(std::uint16_t type, const std::string& rest) const;
  std::string udp(bool v6, const std::string& from, const std::string& to, const std::string& data);
  static std::string plain_udp(bool v6, const std::string& from, const std::string& to,
                               unsigned from_port, unsigned to_port, const std::string& data);
  std::string ipv4(const std::string& from, const std::string& to, const std::string& options,
                   const std::string& rest, std::uint16_t fragment = 0);
  std::string ipv6(const std::string& from, const std::string& to, std::uint8_t next_header,
                   const std::string& rest);

 private:
  unsigned pick(unsigned n) { return random_() % n; }
  bool chance(unsigned percent) { return pick(100) < percent; }
  std::string noise(std::size_t size);
  std::size_t payload_size();
  std::string source(bool v6);
  std::string destination(bool v6);
  std::string options4();
  void extension_headers(std::uint8_t& next_header, std::string& rest);
  std::vector<std::string> fragments4(const std::string& from, const std::string& to,
                                      const std::string& rest);
  std::vector<std::string> fragments6(const std::string& from, const std::string& to,
                                      std::uint8_t next_header, const std::string& rest);
  void scramble(std::string& packet);
  std::string framed(bool v6, const std::string& packet);
  Offload offload(bool v6, std::size_t size);

  const Target& target_;
  std::mt19937& random_;
};

}  // namespace kudp::stress
