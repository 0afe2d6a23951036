#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The part of scripts/cost-functions that runs next to the guest.

QEMU's monitor switches on, in the midst of a load, that each instruction is a block of its own
(`singlestep`) and that each block executed is logged (`log exec,nochain`). The log goes through a
FIFO and ends here: program counters between two calls of sendmmsg, which begin the client's bursts,
by the symbols of the guest's /proc/kallsyms.
"""
import argparse
import bisect
import collections
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from shell import guest

LOAD, BURST = "ipv4-64-burst64-flows1", 64
BURST_BEGINS = "__x64_sys_sendmmsg"
USER = "(user space)"
WARM = 1_500_000_000  # instructions after which a server has started and the scheduler settled
COUNTER = re.compile(rb"/([0-9a-f]{16})/")


# What functions do, by the first of these that their names match.
GROUPS = [(group, re.compile(names)) for group, names in [
    ("kudp: answer", r"kudp_(answer|way|link|text|stamp)"),
    ("kudp: route back", r"kudp_route"),
    ("kudp: hook, inspect, thread", r"\[kudp\]"),
    ("BPF", r"^bpf_|__bpf_|bpf_dispatcher|xdp|cls_bpf|tcf_|skb_do_redirect"),
    ("IP: route of the way in", r"^(fib_|ip_route_input|inet_lookup_ifaddr|map_id_range_down)"),
    ("UDP: early demux", r"^udp_v4_early_demux"),
    ("UDP: in, to the socket", r"^(__udp4_lib_|udp4_lib_|udp_ehashfn|compute_score|reuseport_|"
                               r"inet_lookup_reuseport|udp_queue_rcv|udp_unicast_rcv|udp_rcv)"),
    ("IP: in", r"^(ip_rcv|ip_local_deliver|raw_local_deliver|ip_protocol_deliver)"),
    ("IP: out", r"^(__)?(ip_local_out|ip_output|ip_finish|ip_send|ip_skb_dst_mtu|nf_hook_slow|"
                r"apparmor_ip|ipv4_dst_check|ipv4_mtu)"),
    ("devices, both ways", r"^(__dev_|dev_|validate_xmit|netif_|skb_network_protocol|skb_csum_hwoff|"
                           r"veth_|netdev_core|eth_type|enqueue_to_backlog|__netif_|process_backlog)"),
    ("bytes copied and cleared", r"^(memset_erms|memcpy_erms|clear_page_erms|copy_user_enhanced)"),
    ("memory", r"kmem|slab|skb_free|kfree|kmalloc|alloc_skb|skb_release|consume_skb|page|pskb_expand"),
    ("RCU", r"rcu"),
    ("scheduler", r"sched|psi_|entity|ttwu|wake|load_avg|switch|cfs|queue_task|clock|curr|pick_"),
    ("client's system calls, the rest", r""),
]]


class Monitor:
    """QEMU's monitor for people (HMP)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.answer()

    def answer(self):
        text = b""
        while not text.endswith(b"(qemu) "):
            came = self.socket.recv(65536)
            if not came:
                raise RuntimeError("QEMU's monitor is gone")
            text += came
        return text

    def __call__(self, command):
        self.socket.sendall(command.encode() + b"\n")
        return self.answer()


class Symbols:
    """Functions of kernel and modules by address."""

    def __init__(self, kallsyms):
        symbols = {}
        for line in kallsyms.splitlines():
            address, kind, name = line.split()[:3]
            if kind in "tTwW" and int(address, 16) and name not in ("_stext", "_text"):
                module = line.split("[")[1].rstrip("]") if "[" in line else ""
                symbols.setdefault(int(address, 16), (name, module))
        self.addresses = sorted(symbols)
        self.names = [symbols[address] for address in self.addresses]

    def address_of(self, name):
        return next(a for a, n in zip(self.addresses, self.names) if n[0] == name)

    def name_of(self, counter):
        if counter < 1 << 63:
            return USER
        at = bisect.bisect_right(self.addresses, counter) - 1
        name, module = self.names[at]
        return f"{name} [{module}]" if module else name


def start_load(server):
    """The cost client and `server`, for as long as it takes; returns once they have warmed up."""
    command = f"kudp-cost run --passes 1 --instructions 100000 --servers {server} --cells {LOAD}"
    process = subprocess.Popen(["guest", command], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    begin = uptime()
    while uptime() < begin + WARM:
        time.sleep(0.5)
        if process.poll() is not None:
            sys.exit(f"cost-functions: {server}: {process.stderr.read().strip()}")
    return process


def uptime():
    """Of a guest whose clock counts instructions, in nanoseconds."""
    return float(guest("cat /proc/uptime").split()[0]) * 1e9


class Trace(threading.Thread):
    """Reads the log to its end; counts executions by address in so many bursts."""

    def __init__(self, fifo, begin_burst, bursts):
        super().__init__(daemon=True)
        self.fifo, self.begin, self.bursts = fifo, b"/%016x/" % begin_burst, bursts
        self.counts, self.seen = collections.Counter(), 0
        self.complete = threading.Event()

    def run(self):
        rest = b""
        with open(self.fifo, "rb", buffering=0) as log:
            while came := log.read(1 << 20):
                if self.seen > self.bursts:
                    continue  # QEMU must not wait for a reader
                text, newline, rest = (rest + came).rpartition(b"\n")
                self.take(text + newline)
        self.complete.set()

    def take(self, text):
        """Of the parts that the beginnings of bursts cut a text into, the first is the last burst's."""
        first, *others = text.split(self.begin)
        if self.seen:
            self.counts.update(COUNTER.findall(first))
        for part in others:
            self.seen += 1
            if self.seen > self.bursts:
                return self.complete.set()
            self.counts[self.begin[1:-1]] += 1
            self.counts.update(COUNTER.findall(part))
        return None


def count(monitor, server, bursts, fifo):
    """Instructions for each request, by function."""
    process = start_load(server)
    symbols = Symbols(guest("cat /proc/kallsyms"))  # with the load's modules and programs in it
    trace = Trace(fifo, symbols.address_of(BURST_BEGINS), bursts)
    trace.start()
    monitor(f"logfile {fifo}")
    monitor("singlestep on")
    monitor("log exec,nochain")
    trace.complete.wait(600)
    monitor("log none")
    monitor("singlestep off")
    monitor("logfile /dev/null")
    process.send_signal(signal.SIGINT)
    process.wait(60)
    if trace.seen <= bursts:
        sys.exit(f"cost-functions: {server}: {trace.seen} bursts in 600 s, of {bursts + 1}")
    functions = collections.Counter()
    for address, executed in trace.counts.items():
        functions[symbols.name_of(int(address, 16))] += executed
    return {name: n / (bursts * BURST) for name, n in functions.most_common()}


def table(counted, rows):
    """By what functions do, and those that differ most between the first server and the others."""
    first, *others = counted
    names = sorted({name for functions in counted.values() for name in functions})

    def line(name, values):
        return f"{name[:44]:44}" + "".join(f"{value:14.1f}" for value in values)

    def add(chosen):
        return [sum(counted[server].get(name, 0) for name in chosen) for server in counted]

    def more(name):
        return [counted[other].get(name, 0) - counted[first].get(name, 0) for other in others or [first]]

    lines = [f"{'instructions per request':44}" + "".join(f"{server:>14}" for server in counted)]
    groups = {group: [] for group, _ in GROUPS}
    for name in names:
        groups[next(group for group, pattern in GROUPS if pattern.search(name))].append(name)
    lines += [line(group, add(chosen)) for group, chosen in groups.items()]
    lines += [line("all", add(names)), "", "the functions that differ most"]
    shown = sorted(names, key=lambda name: max(map(abs, more(name))), reverse=True)[:rows]
    lines += [line(name, add([name])) for name in sorted(shown, key=lambda n: -max(more(n)))]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--servers", required=True)
    parser.add_argument("--bursts", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--json", required=True)
    parser.add_argument("--fact", action="append", default=[])
    arguments = parser.parse_args()

    guest("sysctl -q net.core.bpf_jit_kallsyms=1")
    monitor = Monitor(os.environ["KUDP_MONITOR"])
    facts = dict(fact.split("=", 1) for fact in arguments.fact)
    header = {"record": "header", "schema": 1, "tool": "cost-functions", **facts,
              "kernel": os.environ["KUDP_KERNEL"], "load": LOAD,
              "requests": arguments.bursts * BURST}
    counted = {}
    with tempfile.TemporaryDirectory() as folder, open(arguments.json, "w", encoding="utf-8") as out:
        fifo = os.path.join(folder, "trace")
        os.mkfifo(fifo)
        print(json.dumps(header), file=out)
        for server in arguments.servers.split(","):
            print(f"counting {server}", file=sys.stderr)
            counted[server] = count(monitor, server, arguments.bursts, fifo)
            functions = {name: round(n, 2) for name, n in counted[server].items()}
            print(json.dumps({"record": "functions", "server": server,
                              "instructions_per_request": round(sum(counted[server].values()), 1),
                              "functions": functions}), file=out)
    print(table(counted, arguments.rows))


if __name__ == "__main__":
    main()
