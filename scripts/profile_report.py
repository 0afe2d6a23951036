#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns the records of a profile into one self-contained HTML page and a flame graph.

    scripts/profile_report.py FOLDER     reads profile.json, stacks.txt, request.txt there
"""
import os
import sys
from html import escape

sys.dont_write_bytecode = True
from report.colours import BLUE, css
from report.flame import flame, read_stacks
from report.page import Fault, document, facts, number, read, table, write

STAGES = {
    "softirq": "from the device’s interrupt until UDP has found the server’s socket",
    "queue": "waiting for the server, which is busy with other requests",
    "wake-up": "the server’s thread is runnable and waits for its CPU",
    "service": "from when the server has the request until its reply reaches IP",
    "reply": "from IP until the device’s driver has the reply",
    "rest": "between the two devices, and whatever no other stage covers",
    "whole": "from the client’s device and back to it",
}


def bars(record):
    """A log2 histogram as a small SVG: the n-th bar counts values up to 2 to the n, and over half of that."""
    counts = record.get("log2", [])
    first = next((i for i, c in enumerate(counts) if c), 0)
    counts = counts[first:]
    most = max(counts, default=1)
    parts = [f'<rect x="{8 * i}" y="{22 - 20 * c / most:.1f}" width="7" height="{20 * c / most:.1f}" '
             f'style="fill: {css(BLUE)}"><title>up to 2^{first + i} ns: {c}</title></rect>'
             for i, c in enumerate(counts)]
    return (f'<svg style="width:{8 * len(counts)}px" viewBox="0 0 {max(1, 8 * len(counts))} 22" role="img" '
            f'aria-label="histogram">{"".join(parts)}</svg>')


def section(title, note, *parts):
    note = f"<p class=note>{note}</p>\n" if note else ""
    return f"<h2>{title}</h2>\n{note}{''.join(parts)}"


def stages(records):
    whole = records[-1]["mean_ns"] or 1
    note = ("Less tracing: without the cost of the events in the stage, each taken as the average of all events."
            if "net_ns" in records[0] else "")
    return section("Stages", note, table(records, [
        ("stage", lambda r: r["stage"]), ("count", lambda r: number(r["count"])),
        ("mean ns", lambda r: number(r["mean_ns"])),
        ("of the whole", lambda r: f"{100 * r['mean_ns'] / whole:.1f} %"),
        ("p50 ns", lambda r: number(r["p50_ns"])), ("p99 ns", lambda r: number(r["p99_ns"])),
        ("mean, less tracing", lambda r: number(r.get("net_ns"))),
        ("by powers of two", bars), ("what", lambda r: STAGES[r["stage"]])]))


def hist(records):
    return section(
        "The same, added up inside the kernel",
        "By hist triggers, whose own cost is included. The kernel counts in powers of two, so a percentile is at "
        "most the figure shown, and more than half of it. queue includes the wake-up; wake-up is per wake-up of "
        "the server’s threads; service exists only where the reply leaves in the request’s own buffer.",
        table(records, [("stage", lambda r: escape(r["stage"])), ("count", lambda r: number(r["count"])),
                        ("mean ns", lambda r: number(r["mean_ns"])),
                        ("p50 at most", lambda r: number(r.get("p50_at_most_ns"))),
                        ("p99 at most", lambda r: number(r.get("p99_at_most_ns"))),
                        ("by powers of two", bars), ("", lambda r: "")]))


def prices(records):
    off = next((r["ns_per_request"] for r in records if r["tracing"] == "off"), None)
    return section("Overhead of tracing", "", table(records, [
        ("tracing", lambda r: escape(r["tracing"])),
        ("ns per request", lambda r: number(r["ns_per_request"])),
        ("requests per second", lambda r: number(r["goodput_per_s"])),
        ("p99 of a burst, ns", lambda r: number(r["burst_p99_ns"])),
        ("context switches per request", lambda r: number(r.get("switches_per_request"), 2)),
        ("overhead", lambda r: f"{number(100 * (r['ns_per_request'] / off - 1), 1)} %" if off else "–"),
        ("events lost", lambda r: number(r["lost_events"]))]))


def functions(svg, records):
    return section(
        "Functions",
        "The width of a function is its time including callees, in net_rx_action() and in the server’s threads, "
        "without what tracing added for each call.", f'<figure class="flame scroll">\n{svg}</figure>\n', table(records[:40], [
            ("function", lambda r: escape(r["function"])), ("calls", lambda r: number(r["calls"])),
            ("self ns", lambda r: number(r["self_ns"])), ("total ns", lambda r: number(r["total_ns"])),
            ("", lambda r: "")]))


def scheduling(threads, interrupts):
    return section("Scheduling", "", table(threads, [
        ("thread", lambda r: escape(r["thread"])), ("wake-ups", lambda r: number(r["count"])),
        ("waits for its CPU, mean ns", lambda r: number(r.get("mean_ns"))),
        ("p50 ns", lambda r: number(r.get("p50_ns"))), ("p99 ns", lambda r: number(r.get("p99_ns"))),
        ("migrations", lambda r: number(r["migrations"]))]) if threads else "", table(interrupts, [
            ("interrupt", lambda r: escape(r["kind"])), ("CPU", lambda r: r["cpu"]),
            ("count", lambda r: number(r["count"]))]))


def page(records, flame_svg, excerpt):
    of = {}
    for record in records:
        of.setdefault(record["record"], []).append(record)
    header = of["header"][0]
    clock = ("Times are instructions: the guest’s clock advances by one nanosecond for each. They count work and "
             "repeat; caches, lock contention and real interrupts are not included."
             if header["clock"] == "instructions" else "Times are this machine’s, with tracing on.")
    body = f'<p class="environment">{escape(header["load"])}. {clock}</p>\n'
    body += "".join(f'<p class="invalid">{escape(w["text"])}</p>\n' for w in of.get("warning", []))
    if "stage" in of:
        body += stages(of["stage"])
    if "hist" in of:
        body += hist(of["hist"])
    if "price" in of:
        body += prices(of["price"])
    if flame_svg:
        body += functions(flame_svg, of.get("function", []))
    if "run_queue" in of or "interrupts" in of:
        body += scheduling(of.get("run_queue", []), of.get("interrupts", []))
    if excerpt:
        body += section("One request", "", f'<pre class="scroll">{escape(excerpt)}</pre>\n')
    return document("profile", f"Where a request’s time goes: {header['server']}",
                    body + facts(header))


def optional(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 0 if sys.argv[1:] == ["--help"] else 2
    folder = sys.argv[1]
    try:
        records = read(f"{folder}/profile.json", "header")
        svg = ""
        if os.path.exists(f"{folder}/stacks.txt"):
            server = next(r["server"] for r in records if r["record"] == "header")
            svg = flame(read_stacks(f"{folder}/stacks.txt"), f"{server}: softirqs and the server’s threads")
            write(f"{folder}/flame.svg", svg)
        excerpt = "\n".join(optional(f"{folder}/request.txt").splitlines()[:400])
        write(f"{folder}/profile.html", page(records, svg, excerpt))
    except Fault as error:
        print(f"profile_report.py: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"profile_report.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
