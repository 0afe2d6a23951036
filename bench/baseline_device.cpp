// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline_device.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "bench/baseline_socket.hpp"

namespace kudp::baseline {

Device find_device(const std::string& name) {
  const unsigned index = if_nametoindex(name.c_str());
  if (!index) throw std::runtime_error(fmt::format("no network device \"{}\" here", name));
  Device device{name, index, 0, 0};
  const std::filesystem::path folder = "/sys/class/net/" + name;
  std::ifstream(folder / "mtu") >> device.mtu;
  std::error_code none;
  for (const auto& queue : std::filesystem::directory_iterator(folder / "queues", none))
    device.queues += queue.path().filename().string().starts_with("rx-");
  device.queues = std::max(device.queues, 1u);
  return device;
}

HeldAddress::HeldAddress(const Endpoint& listen) {
  if (is_wildcard(listen))
    throw std::runtime_error(
        fmt::format("{}: with XDP, --listen needs one address of this host", listen.str()));
  socket_ = std::move(bind_group(listen, 1, 4096).front());
  endpoint_ = local_endpoint(socket_);
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{1, &drop};
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program))
    throw std::system_error(errno, std::generic_category(), "SO_ATTACH_FILTER");
}

void write_target(const Endpoint& endpoint, bool& ipv6, unsigned (&address)[4],
                  unsigned short& port) {
  ipv6 = endpoint.family() == AF_INET6;
  if (ipv6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(endpoint.address);
    std::memcpy(address, &v6.sin6_addr, sizeof address);
    port = v6.sin6_port;
  } else {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(endpoint.address);
    address[0] = v4.sin_addr.s_addr;
    port = v4.sin_port;
  }
}

void check_bpf(int status, const char* what) {
  if (status >= 0) return;
  if (status == -EPERM)
    throw std::runtime_error(fmt::format("{}: not permitted; needs root", what));
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(-status)));
}

XdpLink::XdpLink(int program, const Device& device, XdpMode mode) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  int fd = -EOPNOTSUPP;
  if (mode != XdpMode::generic) {
    options.flags = XDP_FLAGS_DRV_MODE;
    fd = bpf_link_create(program, static_cast<int>(device.index), BPF_XDP, &options);
    native_ = fd >= 0;
  }
  if (fd < 0 && fd != -EBUSY && mode != XdpMode::native) {
    options.flags = XDP_FLAGS_SKB_MODE;
    fd = bpf_link_create(program, static_cast<int>(device.index), BPF_XDP, &options);
  }
  if (fd == -EBUSY || fd == -EEXIST)
    throw std::runtime_error(fmt::format("{}: another XDP program is attached", device.name));
  check_bpf(fd,
            fmt::format("{}: XDP{}", device.name, mode == XdpMode::native ? " in the driver" : "")
                .c_str());
  fd_ = Fd(fd);
}

}  // namespace kudp::baseline
