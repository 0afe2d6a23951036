#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns the records of a profile into one HTML page without outside parts, and a flame graph.

    scripts/profile_report.py FOLDER     reads profile.json, stacks.txt, request.txt there
"""
import os
import sys
from html import escape

sys.dont_write_bytecode = True
from report import CSS, Fault, read

WIDTH, ROW, LEAST = 1180, 18, 0.4  # pixels; what is narrower is left out of the flame graph
COLOURS = ("#e0701e", "#e98a3f", "#d9822b", "#c96a2a", "#f0a05a")

STAGES = {
    "softirq": "from the device’s interrupt until UDP has found the server’s socket",
    "queue": "waits for the server, which is busy with others",
    "wake-up": "the server’s thread is woken and waits for its CPU",
    "service": "from the server’s taking the request until its reply reaches IP",
    "reply": "the reply’s way through IP until the device’s driver has it",
    "rest": "between the two devices, and whatever else no stage explains",
    "whole": "from the client’s device and back to it",
}


def number(value, digits=0):
    return "–" if value is None else f"{value:,.{digits}f}".replace("-", "−")


def table(head, rows):
    cells = "".join(f"<th>{escape(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{cells}</tr>{body}</table></div>'


def bars(record):
    """A log2 histogram as a small SVG: the n-th bar counts values below 2 to the n."""
    counts = record.get("log2", [])
    first = next((i for i, c in enumerate(counts) if c), 0)
    counts = counts[first:]
    most = max(counts, default=1)
    parts = [f'<rect x="{8 * i}" y="{22 - 20 * c / most:.1f}" width="7" height="{20 * c / most:.1f}" '
             f'fill="#0a84c6"><title>below 2^{first + i} ns: {c}</title></rect>'
             for i, c in enumerate(counts)]
    return (f'<svg style="width:{8 * len(counts)}px" viewBox="0 0 {max(1, 8 * len(counts))} 22" role="img" '
            f'aria-label="histogram">{"".join(parts)}</svg>')


class Frame:
    def __init__(self):
        self.value, self.children = 0, {}


def read_stacks(path):
    top = Frame()
    with open(path, encoding="utf-8") as lines:
        for number_, line in enumerate(lines, 1):
            stack, _, value = line.rstrip("\n").rpartition(" ")
            if not value.isdigit() or not stack:
                raise Fault(f"{path}:{number_}: want a stack and a number")
            frame = top
            top.value += int(value)
            for name in stack.split(";"):
                frame = frame.children.setdefault(name, Frame())
                frame.value += int(value)
    return top


def boxes(frame, x, depth, scale, all_ns, out):
    for name, child in sorted(frame.children.items()):
        width = child.value * scale
        if width >= LEAST:
            share = 100 * child.value / all_ns
            label = name if len(name) * 6.6 < width else name[:int(width / 6.6)] if width > 24 else ""
            colour = COLOURS[sum(name.encode()) % len(COLOURS)]
            out.append((depth, f'<g><title>{escape(name)}: {child.value:,} ns, {share:.1f} %</title>'
                        f'<rect x="{x:.1f}" y="Y" width="{max(width - 0.5, LEAST):.1f}" height="{ROW - 1}" '
                        f'rx="1" fill="{colour}"/><text x="{x + 3:.1f}" y="T">{escape(label)}</text></g>'))
            boxes(child, x, depth + 1, scale, all_ns, out)
        x += width


def flame(top, title):
    out = []
    boxes(top, 0, 0, WIDTH / max(top.value, 1), max(top.value, 1), out)
    height = ROW * (max((d for d, _ in out), default=0) + 1) + 26
    parts = [p.replace('y="Y"', f'y="{height - ROW * (d + 1)}"').replace(
        'y="T"', f'y="{height - ROW * (d + 1) + 13}"') for d, p in out]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            'font-family="ui-monospace, monospace" font-size="11" fill="#14181c">'
            f'<text x="0" y="15" font-size="13" fill="#7c8794">{escape(title)}</text>{"".join(parts)}</svg>\n')


def prices(records):
    off = next((r for r in records if r["tracing"] == "off"), None)
    rows = []
    for r in records:
        more = r["ns_per_request"] / off["ns_per_request"] - 1 if off else 0
        rows.append((escape(r["tracing"]), number(r["ns_per_request"]), number(r["goodput_per_s"]),
                     number(r["burst_p99_ns"]), f"{number(100 * more, 1)} %", number(r["lost_events"])))
    return table(("tracing", "ns per request", "requests per second", "p99 of a burst, ns", "more than off",
                  "events lost"), rows)


def page(records, flame_svg, excerpt):
    of = {}
    for record in records:
        of.setdefault(record["record"], []).append(record)
    header = of["header"][0]
    clock = ("Times are instructions: the guest’s clock advances a nanosecond for each. A count of work, which "
             "repeats; caches, waiting for locks and real interrupts are not in it."
             if header["clock"] == "instructions" else "Times are this machine’s, with tracing on.")
    parts = [f"<h1>Where a request’s time goes: {escape(header['server'])}</h1>",
             f"<p class=environment>{escape(header['load'])}, Linux {escape(header['kernel'])}. {clock}</p>"]
    parts += [f"<p class=invalid>{escape(w['text'])}</p>" for w in of.get("warning", [])]
    if "stage" in of:
        whole = of["stage"][-1]["mean_ns"] or 1
        parts += ["<h2>Stages</h2>", table(
            ("stage", "count", "mean ns", "of the whole", "p50 ns", "p99 ns", "by powers of two", "what"),
            [(s["stage"], number(s["count"]), number(s["mean_ns"]), f"{100 * s['mean_ns'] / whole:.1f} %",
              number(s["p50_ns"]), number(s["p99_ns"]), bars(s), STAGES[s["stage"]]) for s in of["stage"]])]
    if "hist" in of:
        parts += ["<h2>The same, added up inside the kernel</h2><p class=note>By hist triggers, which disturb less. "
                  "queue includes the wake-up; wake_up is per wake-up; service only where the reply leaves in the "
                  "request’s own buffer.</p>", table(
            ("stage", "count", "mean ns", "by powers of two", ""),
            [(escape(s["stage"]), number(s["count"]), number(s["mean_ns"]), bars(s), "") for s in of["hist"]])]
    if "price" in of:
        parts += ["<h2>The price of looking</h2>", prices(of["price"])]
    if flame_svg:
        parts += ["<h2>Functions</h2><p class=note>Width is a function’s time with what it calls, on net_rx_action() "
                  "and in the server’s threads; less what tracing added for each call.</p>", flame_svg, table(
            ("function", "calls", "self ns", "total ns", ""),
            [(escape(f["function"]), number(f["calls"]), number(f["self_ns"]), number(f["total_ns"]), "")
             for f in of.get("function", [])[:40]])]
    if "run_queue" in of:
        parts += ["<h2>Scheduling</h2>", table(
            ("thread", "wake-ups", "waits for its CPU, mean ns", "p50 ns", "p99 ns", "migrations"),
            [(escape(t["thread"]), number(t["count"]), number(t.get("mean_ns")), number(t.get("p50_ns")),
              number(t.get("p99_ns")), number(t["migrations"])) for t in of["run_queue"]])]
    if "interrupts" in of:
        parts.append(table(("interrupt", "CPU", "count"), [(escape(i["kind"]), i["cpu"], number(i["count"]))
                                                            for i in of["interrupts"]]))
    if excerpt:
        parts.append(f"<h2>One request</h2><div class=scroll><pre>{escape(excerpt)}</pre></div>")
    facts = "".join(f"<dt>{escape(k)}<dd>{escape(str(v))}" for k, v in header.items() if k != "record")
    parts.append(f"<h2>How it was made</h2><dl>{facts}</dl>")
    return ("<!doctype html><html lang=en><meta charset=utf-8>"
            "<meta name=viewport content='width=device-width'><link rel=icon href='data:,'>"
            f"<title>Profile: {escape(header['server'])}</title><style>{CSS} pre {{ font-size: .75rem; }}</style>"
            f"<body>{''.join(parts)}</body></html>\n")


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
            with open(f"{folder}/flame.svg", "w", encoding="utf-8") as file:
                file.write(svg)
        excerpt = "\n".join(optional(f"{folder}/request.txt").splitlines()[:400])
        with open(f"{folder}/profile.html", "w", encoding="utf-8") as file:
            file.write(page(records, svg, excerpt))
    except Fault as error:
        print(f"profile_report.py: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"profile_report.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
