#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The part of scripts/steering that runs next to the guest.

What kudp counts itself is compared with what the guest's kernel counts by histograms of its own
trace events, so that nothing here rests on kudp's word alone:

  net:netif_receive_skb   on the CPU that RPS chose: the datagram enters the protocol stack there
  net:net_dev_queue       on the CPU that answers; where the answer is the skb that the request came
                          in, the two events are matched by its address, datagram for datagram
  lock:contention_begin   with the stack of who waits
"""
import argparse
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from shell import guest

TRACING = "/sys/kernel/tracing"
RESPONDER = "/sys/kernel/config/kudp/steering"
PORT = 9000
IN_PLACE = ("kthread", "softirq")  # the answer is sent in the skb of its request
SAME_CPU, SHARE, CONTENTION = 0.99, 0.01, 1 / 10_000  # the bars

ON_CARD = 'if name == "eth0"'


def trigger(event, text):
    return f"echo '{text}' >>{TRACING}/events/{event}/trigger\n"  # > would remove the others


def start_counting(in_place):
    script = ""
    for event in "net/netif_receive_skb", "net/net_dev_queue":
        script += trigger(event, f"hist:keys=common_cpu {ON_CARD}")
    script += trigger("lock/contention_begin", "hist:keys=stacktrace:size=4096")
    if in_place:
        script += f"echo 'answered u32 from; u32 to' >{TRACING}/synthetic_events\n"
        script += trigger("net/netif_receive_skb",
                          f"hist:keys=skbaddr:entered=common_cpu:size=65536 {ON_CARD}")
        script += trigger("net/net_dev_queue",
                          "hist:keys=skbaddr:from=$entered:to=common_cpu:size=65536"
                          f":onmatch(net.netif_receive_skb).trace(answered,$from,$to) {ON_CARD}")
        script += trigger("synthetic/answered", "hist:keys=from,to")
    guest(script)


def histograms(event):
    """All histograms of an event, each as [(keys, hits)]; they are told apart by their keys."""
    text = guest(f"cat {TRACING}/events/{event}/hist")
    found = []
    for part in text.split("# event histogram")[1:]:
        entries = re.findall(r"\{(.*?)\} hitcount: +(\d+)", part, re.DOTALL)
        dropped = int(re.search(r"Dropped: (\d+)", part).group(1))
        found.append(([(keys, int(hits)) for keys, hits in entries], dropped))
    return found


def by_cpu(event):
    for entries, _ in histograms(event):
        if entries and "common_cpu:" in entries[0][0] and "skbaddr" not in entries[0][0]:
            return {int(keys.split(":")[1]): hits for keys, hits in entries}
    return {}


def pairs():
    matrix = {}
    for entries, _ in histograms("synthetic/answered"):
        for keys, hits in entries:
            start, end = (int(n) for n in re.findall(r": +(\d+)", keys))
            matrix[start, end] = matrix.get((start, end), 0) + hits
    return matrix


def contention():
    """Waits for any lock, those with a caller in kudp, and those for a lock that kudp itself took."""
    every, beneath, own, stacks = 0, 0, 0, []
    for entries, dropped in histograms("lock/contention_begin"):
        every += dropped
        for keys, hits in entries:
            frames = re.findall(r"(\S+)\+0x\S+(?: \[(\w+)\])?", keys)
            every += hits
            if not any(module == "kudp" for _, module in frames):
                continue
            beneath += hits
            callers = [f for f in frames if not re.match(r"_*(raw|native|queued|trace|mutex|pv)", f[0])]
            if callers[0][1] == "kudp":
                own += hits
            stacks.append({"hits": hits, "stack": [f[0] for f in frames]})
    return every, beneath, own, sorted(stacks, key=lambda s: -s["hits"])[:5]


def stop_counting():
    events = "synthetic/answered", "net/net_dev_queue", "net/netif_receive_skb", "lock/contention_begin"
    guest("".join(f"[ ! -e {TRACING}/events/{event} ] || : >{TRACING}/events/{event}/trigger\n"
                  for event in events) + f": >{TRACING}/synthetic_events")


def workers():
    lines = guest("cat /proc/net/kudp").splitlines()
    names = lines[1].split()
    return {int(row["cpu"]): int(row["answered"])
            for row in (dict(zip(names, line.split())) for line in lines[2:])}


def load(duration, flows):
    done = subprocess.run(["kudp-load", "closed", "--duration", str(duration), "--flows", str(flows),
                           "--size", "64", "--quiet", "--json", "-",
                           f"{os.environ['KUDP_GUEST_ADDRESS']}:{PORT}"],
                          capture_output=True, text=True)
    if done.returncode not in (0, 3):  # 3: its times are not valid; they are not used here
        sys.exit(f"steering: kudp-load: {done.stderr.strip()}")


def measure(engine, arguments):
    address = os.environ["KUDP_GUEST_ADDRESS"]
    guest(f"mkdir {RESPONDER}; cd {RESPONDER}; echo {engine} >engine; echo {address} >address; "
          f"echo {PORT} >port; echo 1 >enabled")
    load(1, arguments.flows)
    before = workers()
    start_counting(engine in IN_PLACE)
    load(arguments.duration, arguments.flows)
    received, sent = by_cpu("net/netif_receive_skb"), by_cpu("net/net_dev_queue")
    matched = pairs() if engine in IN_PLACE else None
    waits, beneath, own, stacks = contention()
    answered = {cpu: n - before[cpu] for cpu, n in workers().items()}
    stop_counting()
    guest(f"rmdir {RESPONDER}")
    return verdict(engine, received, sent, answered, matched, waits, beneath, own, stacks)


def verdict(engine, received, sent, answered, matched, waits, beneath, own, stacks):
    """What was counted, and which bars it meets."""
    requests = sum(answered.values())
    same = (sum(n for (start, end), n in matched.items() if start == end) / sum(matched.values())
            if matched else
            # No datagram leaves by more CPUs than this; which is which, nothing tells.
            sum(min(n, received.get(cpu, 0)) for cpu, n in sent.items()) / sum(received.values()))
    shares = {cpu: {"received": received.get(cpu, 0), "sent": sent.get(cpu, 0), "answered": n}
              for cpu, n in answered.items()}
    off = max(abs(s["answered"] / requests - s["received"] / sum(received.values()))
              for s in shares.values())
    busy = sum(1 for s in shares.values() if s["received"] > requests / 100)
    return {"record": "engine", "engine": engine, "requests": requests, "cpus_busy": busy,
            "matched": sum(matched.values()) if matched else None,
            "same_cpu": round(same, 6), "share_off_by": round(off, 6),
            "lock_waits": waits, "lock_waits_beneath_kudp": beneath, "kudp_lock_waits": own,
            "kudp_lock_waits_per_request": own / requests,
            "bars": {"same_cpu": same >= SAME_CPU, "share": off <= SHARE,
                     "contention": own / requests <= CONTENTION},
            "cpus": shares, "stacks": stacks}


def table(results):
    """For people."""
    lines = [f"{'engine':10}{'requests':>10}{'CPUs':>6}{'same CPU':>10}{'share off by':>14}"
             f"{'waits for kudp locks':>22}  {'beneath kudp':>13}{'all waits':>11}"]
    for r in results:
        lines.append(f"{r['engine']:10}{r['requests']:>10,}{r['cpus_busy']:>6}{r['same_cpu']:>10.2%}"
                     f"{r['share_off_by']:>14.2%}{r['kudp_lock_waits']:>22,}  "
                     f"{r['lock_waits_beneath_kudp']:>13,}{r['lock_waits']:>11,}")
    unmet = [f"{r['engine']}: {bar}" for r in results for bar, met in r["bars"].items() if not met]
    lines += ["",
              "same CPU: share of the replies that left on the CPU on which their request entered the",
              "protocol stack; kthread, softirq: matched datagram by datagram; classic: the largest share",
              "that the CPUs' totals allow. share off by: largest difference between a worker's share of",
              "the replies and its CPU's share of the requests, as the kernel counts them. waits:",
              "lock:contention_begin for locks that kudp's code takes; beneath: for any lock with kudp",
              "among the callers.",
              f"Goals: {SAME_CPU:.0%}, {SHARE:.0%}, one wait in {round(1 / CONTENTION):,} requests: "
              + ("all met" if not unmet else "NOT met: " + ", ".join(unmet))]
    return "\n".join(lines), not unmet


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engines", required=True)
    parser.add_argument("--cpus", type=int, required=True)
    parser.add_argument("--flows", type=int, required=True)
    parser.add_argument("--duration", type=int, required=True)
    parser.add_argument("--json", required=True)
    parser.add_argument("--fact", action="append", default=[])
    arguments = parser.parse_args()

    mask = f"{(1 << arguments.cpus) - 1:x}"
    guest("modprobe kudp; for q in /sys/class/net/eth0/queues/rx-*; do echo " + mask +
          " >$q/rps_cpus; done")
    if not guest(f"ls {TRACING}/events/lock").split().count("contention_begin"):
        sys.exit("steering: this kernel has no lock:contention_begin")
    facts = dict(fact.split("=", 1) for fact in arguments.fact)
    results = []
    with open(arguments.json, "w", encoding="utf-8") as out:
        print(json.dumps({"record": "header", "schema": 1, "tool": "steering", **facts,
                          "kernel": os.environ["KUDP_KERNEL"],
                          "accelerator": os.environ["KUDP_ACCEL"], "vcpus": arguments.cpus,
                          "flows": arguments.flows, "duration": arguments.duration}), file=out)
        for engine in arguments.engines.split(","):
            print(f"measuring {engine}", file=sys.stderr)
            results.append(measure(engine, arguments))
            print(json.dumps(results[-1]), file=out, flush=True)
    text, met = table(results)
    print(text)
    return 0 if met else 3


if __name__ == "__main__":
    sys.exit(main())
