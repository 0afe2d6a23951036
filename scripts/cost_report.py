#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns the records of scripts/cost into one self-contained HTML page.

    scripts/cost_report.py cost.json -o cost.html [--picture cost.svg]
"""
import argparse
import pathlib
import sys
from html import escape

sys.dont_write_bytecode = True
from report.colours import INK, KINDS, kind, kind_colour
from report.comparison_plots import legend, rows
from report.page import Fault, document, facts, number, read, table, write
from report.plot import PLAIN, alone, drawing, figure  # says so where matplotlib is missing
from matplotlib.patches import Patch

FLOORS = {"request": "tc", "datagram": "pktgen"}  # a sender's datagrams nobody answers

MEANINGS = {"request": """Instructions that the guest executes for each request: client, network
and server together. <em>Above the floor</em> is the server’s own part: its cost above a BPF program
at tc ingress that sends the datagram back before the stack sees it. These figures count work, not
time: caches, lock contention, and the cost of real interrupts and devices are not included, and on
one vCPU client and server take turns. REP MOVSB and the like, with which the kernel copies and
clears memory, count once for each byte, more than on a real CPU. <code>scripts/cost --no-erms</code>
counts by words, which favours servers that copy, the XDP program most: generic mode copies each
datagram to make room in front of it.""",
            "datagram": """Senders: instructions for each datagram that the device transmits, including
its path through the veth to where IP drops it as early as it can, which is the same for all. Their
floor is Linux’s pktgen, which has no socket and builds each packet anew."""}


class Load:
    """The cells of all servers under one load, with what is above the floor worked out."""

    def __init__(self, cells):
        self.cells = cells
        self.totals = {c["server"]: c["instructions_per_request"] for c in cells
                       if c["instructions_per_request"] is not None}
        self.what = ("request", "server") if self.cells[0]["burst"] else ("datagram", "sender")
        self.floor = self.totals.get(FLOORS[self.what[0]])
        sockets = [s for s in self.totals if kind(s) == "socket"]
        self.best = min(sockets, key=self.totals.get, default=None)

    def above(self, server):
        if self.floor is None or server not in self.totals:
            return None
        return self.totals[server] - self.floor

    def ratio(self, server):
        above, best = self.above(server), self.above(self.best)
        return above / best if above is not None and best and best > 0 else None

    def shown(self, server):
        """What the plots show: above the floor, or all where there is no floor."""
        return self.totals.get(server) if self.floor is None else self.above(server)

    def column(self):
        cell = self.cells[0]
        if cell["segments"] > 1:
            count = cell["burst"] // cell["segments"]
            return f"{count} super-packet{'s' if count > 1 else ''} in flight"
        if cell["burst"] == 0:
            return "one thread"
        return f"bursts of {cell['burst']}" if cell["burst"] > 1 else "one at a time"


class Data:
    def __init__(self, path):
        records = read(path, "cell")
        self.header = next((r for r in records if r["record"] == "header"), {})
        self.cells = [r for r in records if r["record"] == "cell"]
        self.servers = list(dict.fromkeys(c["server"] for c in self.cells))
        by_load, self.groups = {}, {}
        for cell in self.cells:
            by_load.setdefault(cell["load"], []).append(cell)
        for cells in by_load.values():
            self.groups.setdefault(title(cells[0]), []).append(Load(cells))

    def servers_of(self, loads):
        there = {cell["server"] for load in loads for cell in load.cells}
        return [server for server in self.servers if server in there]


def title(cell):
    if cell["burst"] == 0:
        return f"IPv{cell['family']}, {cell['size']} bytes, sent and not answered"
    what = (f"super-packets of {cell['segments']} × {cell['size']} bytes" if cell["segments"] > 1
            else f"{cell['size']} bytes, {cell['flows']} flow{'s' if cell['flows'] > 1 else ''}")
    return f"IPv{cell['family']}, {what}"


def plot(narrow, loads, servers):
    fig, axes = figure(narrow, 0.3 * len(servers) + 0.9, len(loads), sharex=not narrow, sharey=True)
    values = [load.shown(s) for load in loads for s in servers]
    most = max((v for v in values if v is not None), default=1)
    above = all(load.floor is not None for load in loads)
    for ax, load in zip(axes, loads):
        for y, server in enumerate(servers):
            value = load.shown(server)
            if value is not None:
                ax.barh(y, value, 0.66, color=kind_colour(kind(server)))
            ax.annotate(number(value), (max(value or 0, 0), y), xytext=(4, 0),
                        textcoords="offset points", va="center_baseline")
        ax.axvline(0, color=INK, linewidth=1.2)
        ax.set_title(load.column())
        rows(ax, servers)
        ax.set_xlim(min([0, *(v * 1.15 for v in values if v is not None)]),
                    most * (1.35 if narrow else 1.25))
        ax.locator_params(axis="x", nbins=3)
        ax.xaxis.set_major_formatter(PLAIN)
    fig.supxlabel(
        f"instructions per {loads[0].what[0]}{' above the floor' if above else ''}")
    return fig


def picture_plot(narrow, data):
    """The first group's, of the servers that answered each of its loads, with what its colours mean."""
    loads = next(iter(data.groups.values()))
    servers = [s for s in data.servers if all(s in load.totals for load in loads)]
    fig = plot(narrow, loads, servers)
    there = [name for name in KINDS if any(kind(s) == name for s in servers)]
    columns = 1 if narrow else len(there)
    strip = 0.25 * (len(there) / columns + 0.5) / fig.get_figheight()
    fig.get_layout_engine().set(rect=(0, 0, 1, 1 - strip))
    fig.legend(handles=[Patch(color=kind_colour(name), label=KINDS[name][2]) for name in there],
               loc="upper center", ncols=columns, borderaxespad=0, handlelength=0.8)
    return fig


def write_pictures(path, data):
    """For wide windows, and beside it, with -narrow in its name, for others."""
    path = pathlib.Path(path)
    for narrow, name in [(False, path), (True, path.with_stem(f"{path.stem}-narrow"))]:
        write(name, alone("Instructions by server", picture_plot, narrow, data))


def headline(data):
    """What the largest burst of the first group says of the kernel's servers."""
    load = max(next(iter(data.groups.values())), key=lambda load: load.cells[0]["burst"])
    if load.floor is None or not load.best:
        return "Without the floor (tc) or a userspace socket server nothing can be compared."
    parts = [f"<b>{escape(s)}</b> {number(load.above(s))}" +
             (f" (1/{1 / load.ratio(s):,.1f})" if 0 < (load.ratio(s) or 0) < 1 else "")
             for s in load.totals if kind(s) == "kernel"]
    what, who = load.what
    return (f"{escape(title(load.cells[0]))}, {load.column()}: the best userspace socket {who}, "
            f"{escape(load.best)}, costs {number(load.above(load.best))} instructions per {what} "
            f"above the floor; {', '.join(parts) or f'no {who} in the kernel was measured'}.")


def note(cell):
    if cell["failure"]:
        word = "unavailable" if cell["unavailable"] else "✖ failed"
        return f'<span class="invalid">{word}: {escape(cell["failure"])}</span>'
    if (cell["deviation"] or 0) > 0.01:
        return f'<span class="invalid">passes differ by {100 * cell["deviation"]:.1f} %</span>'
    return ""


def figures(loads):
    html = ""
    for load in loads:
        html += f"<h3>{escape(load.column())}</h3>\n" + table(load.cells, [
            (load.what[1], lambda c: escape(c["server"])),
            ("total", lambda c: number(c["instructions_per_request"])),
            ("above the floor", lambda c: number(load.above(c["server"]))),
            (f"ratio to {load.best or 'userspace'}", lambda c: number(load.ratio(c["server"]), 3)),
            ("first pass", lambda c: number(c["first"])),
            ("second", lambda c: number(c["second"])), ("", note)])
    return f"<details><summary>Figures</summary>\n{html}</details>\n"


def page(data):
    groups = "".join(
        f"<h2>{escape(name)}</h2>\n{drawing(name, plot, loads, data.servers_of(loads))}"
        f"{figures(loads)}"
        for name, loads in data.groups.items())
    whats = {load.what[0] for loads in data.groups.values() for load in loads}
    meaning = "</p>\n<p>".join(MEANINGS[what] for what in ("request", "datagram") if what in whats)
    return document("cost", "What a UDP request costs", f"""
<p class="verdict">{headline(data)}</p>
<div class="environment"><p>{meaning}</p></div>
{legend(data.servers)}{groups}{facts(data.header)}""")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cost", help="the records of scripts/cost, JSON lines")
    parser.add_argument("-o", "--output", help="the HTML file to write [stdout]")
    parser.add_argument("--picture", metavar="FILE.svg",
                        help="where the first plot alone goes; FILE-narrow.svg for narrow windows")
    arguments = parser.parse_args()
    try:
        data = Data(arguments.cost)
        write(arguments.output, page(data))
        if arguments.picture:
            write_pictures(arguments.picture, data)
    except Fault as fault:
        sys.exit(f"cost_report.py: {fault}")
    except (KeyError, TypeError, ValueError) as error:
        sys.exit(f"cost_report.py: {arguments.cost} lacks a field or has one of the wrong kind: "
                 f"{error!r}")


if __name__ == "__main__":
    main()
