// SPDX-License-Identifier: GPL-2.0-only
#include "bench/baseline/device.hpp"

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
#include <utility>

#include "bench/baseline/socket.hpp"

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

namespace {

bpf_tc_hook ingress_of(unsigned device) {
  bpf_tc_hook hook{};
  hook.sz = sizeof hook;
  hook.ifindex = static_cast<int>(device);
  hook.attach_point = BPF_TC_INGRESS;
  return hook;
}

bpf_tc_opts first_filter(int program) {
  bpf_tc_opts options{};
  options.sz = sizeof options;
  options.prog_fd = program;
  options.handle = 1;
  options.priority = 1;
  return options;
}

}  // namespace

TcFilter::TcFilter(int program, const Device& device) : device_(device.index) {
  bpf_tc_hook hook = ingress_of(device_);
  const int made = bpf_tc_hook_create(&hook);
  if (made != -EEXIST) check_bpf(made, fmt::format("{}: tc ingress", device.name).c_str());
  made_hook_ = made == 0;
  bpf_tc_opts options = first_filter(program);
  const int status = bpf_tc_attach(&hook, &options);
  if (status == -EEXIST)
    throw std::runtime_error(
        fmt::format("{0}: a tc filter is there already; if a server that was killed left it, "
                    "\"tc qdisc del dev {0} clsact\" takes it away",
                    device.name));
  check_bpf(status, fmt::format("{}: tc ingress", device.name).c_str());
}

void TcFilter::detach() {
  if (!device_) return;
  bpf_tc_hook hook = ingress_of(std::exchange(device_, 0));
  bpf_tc_opts options = first_filter(0);
  bpf_tc_detach(&hook, &options);
  if (!made_hook_) return;
  hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
  bpf_tc_hook_destroy(&hook);
}

}  // namespace kudp::baseline
