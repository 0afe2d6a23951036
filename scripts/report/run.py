# SPDX-License-Identifier: GPL-2.0-only
"""The report of one run of kudp-load, or of several of one target at different rates."""
from html import escape

from report import percentiles
from report.colours import spread
from report.page import document, duration, facts, number, table, tiles
from report.plot import drawing
from report.run_plots import bounds_key, curve_plot, knee_key, time_plot, trial_plot

LEAST_RATES = 3  # that make a curve
KNEE_LOSS = 0.005  # RFC 9971's default for a partial drop rate

COUNTS = [("sent", "meant to be sent within the interval"),
          ("answered", "replied to within the timeout"), ("late", "replied to after the timeout"),
          ("lost", "not replied to"), ("duplicate", "further replies to a request"),
          ("reordered", "replies overtaken by the reply to a later request"),
          ("stale", "replies to requests too old to be remembered"),
          ("corrupt", "replies with our header whose content is not what was sent"),
          ("foreign", "datagrams that reply to nothing that was sent"),
          ("refused", "ICMP port unreachable instead of a reply"),
          ("local_drops", "replies dropped at the generator's sockets for lack of room")]


class Run:
    """A run record with its intervals; `name` tells it from others."""

    def __init__(self, record, intervals, header):
        self.record, self.intervals, self.header = record, intervals, header
        self.name = (f"{number(record['offered_per_s'])}/s" if record["loop"] == "open"
                     else f"{record['window']} in flight")

    def __getitem__(self, field):
        return self.record[field]


def runs_of(records):
    """Intervals come before the run that they belong to."""
    runs, intervals, header = [], [], {}
    for record in records:
        if record["record"] == "header":
            header, intervals = record, []
        elif record["record"] == "interval":
            intervals.append(record)
        elif record["record"] == "run":
            runs.append(Run(record, intervals, header))
            intervals = []
    return sorted(runs, key=lambda run: (run["loop"], run["offered_per_s"]))


def badge(run):
    word, style = ("valid", "good") if run["valid"] else ("INVALID", "invalid")
    return f'<span class="badge {style}">{word}</span>'


def notes(run):
    return escape("; ".join(run["verdict"]))


def verdict_cell(run):
    return f'<div class="notes">{badge(run)} <span>{notes(run)}</span></div>'


def figures(run):
    """Those of one run that are seen first."""
    offered = ("asked for" if run["loop"] == "open" else f"{run['window']} in flight per thread")
    return tiles([
        ("offered", f"{number(run['offered_per_s'])}/s", offered),
        ("goodput", f"{number(run['goodput_per_s'])}/s", "replies in time"),
        ("lost", f"{number(run['loss_ratio'], 3, 100)} %", f"{number(run['lost'])} requests"),
        ("p50", duration(run["p50_us"]), "latency"),
        ("p99", duration(run["p99_us"]), "latency"),
        ("p99.9", duration(run["p999_us"]), "latency")])


def knee(runs):
    """The highest rate up to which every valid run lost no more than KNEE_LOSS."""
    best = None
    for run in sorted(runs, key=lambda run: run["offered_per_s"]):
        if run["valid"] and run["loss_ratio"] > KNEE_LOSS:
            return best
        if run["valid"]:
            best = run
    return best


def sweep(runs):
    best = knee(runs)
    words = ("No valid run kept its loss low." if best is None else
             f"Up to <strong>{number(best['offered_per_s'])}/s</strong> offered, the knee, no more "
             f"than {100 * KNEE_LOSS:g} % was lost; p99 latency there is "
             f"<strong>{duration(best['p99_us'])}</strong>.")
    return (f'<p class="verdict">{words}</p>\n<h2>Offered against goodput</h2>\n' +
            knee_key(best) + drawing("Offered against goodput", curve_plot, runs, best) +
            '<p class="note">Grey line: every request is answered. A cross is an invalid run. '
            "Where goodput leaves the line, the target or the path to it is at its limit.</p>\n")


def found(searches):
    """The bounds of each goal, and what set them."""
    lines = table(searches, [
        ("goal", lambda s: f"{escape(s['goal'])}: loss up to {100 * s['goal_loss_ratio']:g} %"),
        ("lower bound/s", lambda s: number(s["lower_per_s"])),
        ("upper bound/s", lambda s: number(s["upper_per_s"])),
        ("width %", lambda s: number(s["width"], 2, 100)),
        ("throughput/s", lambda s: number(s["throughput_per_s"])),
        ("limit", lambda s: escape(s["limit"]))])
    return tiles([(s["goal"], f"{number(s['lower_per_s'])}/s",
                   f"loss up to {100 * s['goal_loss_ratio']:g} %") for s in searches]) + lines


def search_page(records):
    """A search's trials with the bounds they led to, and the runs after it."""
    searches = [r for r in records if r["record"] == "search"]
    trials = sorted((r for r in records if r["record"] == "trial"),
                    key=lambda trial: trial["offered_per_s"])
    runs = runs_of(records)
    header = next(r for r in records if r["record"] == "header")
    body = (found(searches) + "<h2>Offered against goodput</h2>\n" +
            bounds_key(searches) + drawing("Offered against goodput", trial_plot, trials, searches) +
            '<p class="note">A dot for each trial, a ring for one in which the generator did not '
            "keep its schedule: it says nothing about the target. Grey line: every request is "
            "answered. Dashed: the lower bounds.</p>\n")
    body += latency(runs)
    if runs:
        body += all_runs(runs)
    target = runs[0]["target"] if runs else header["command"][-1]
    return document("search", f"{target}, highest load", body + facts(header))


def latency(runs):
    """One line for each load, from the least to the greatest."""
    names = list(dict.fromkeys(run.name for run in runs))
    lines = [(name, (colour, "o"), [run for run in runs if run.name == name])
             for name, colour in zip(names, spread(245, 400, len(names)))]
    return percentiles.section([("", lines)])


def all_runs(runs):
    return "<h2>Runs</h2>\n" + table(runs, [
        ("loop", lambda r: r["loop"]), ("offered/s", lambda r: number(r["offered_per_s"])),
        ("goodput/s", lambda r: number(r["goodput_per_s"])),
        ("loss %", lambda r: number(r["loss_ratio"], 3, 100)),
        ("p50", lambda r: duration(r["p50_us"])), ("p99", lambda r: duration(r["p99_us"])),
        ("p99.9", lambda r: duration(r["p999_us"])), ("max", lambda r: duration(r["max_us"])),
        ("verdict", verdict_cell)])


def details(run):
    """Both views of the latency, and what became of every request."""
    html = ""
    if run.record.get("service_p50_us") is not None:
        html += "<h2>Two views of latency</h2>\n" + table(
            [("from the intended time", ""), ("from the actual send", "service_")], [
                ("counted", lambda row: row[0]),
                *((name, lambda row, field=field: duration(run[f"{row[1]}{field}"]))
                  for name, field in [("p50", "p50_us"), ("p90", "p90_us"), ("p99", "p99_us"),
                                      ("p99.9", "p999_us"), ("max", "max_us")]),
                ("", lambda row: "what a closed loop would have shown" if row[1] else
                 "what a client with that schedule saw")])
    seen = [(field, what) for field, what in COUNTS if run[field] or field in ("sent", "lost")]
    return html + "<h2>What became of the requests</h2>\n" + table(seen, [
        ("", lambda row: escape(row[0])), ("count", lambda row: number(run[row[0]])),
        ("meaning", lambda row: escape(row[1]))])


def page(records):
    if any(record["record"] == "search" for record in records):
        return search_page(records)
    runs = runs_of(records)
    first = runs[0]
    curve = [run for run in runs if run["loop"] == "open"]
    several = len({run["offered_per_s"] for run in curve}) >= LEAST_RATES
    body = sweep(curve) if several else ""
    if len(runs) == 1:
        body += f'<p class="verdict">{badge(first)} {notes(first)}</p>\n{figures(first)}'
    body += latency(runs)
    timed = [run for run in runs if len(run.intervals) > 1]
    if len(timed) == 1:
        body += ("<h2>Over time</h2>\n" + drawing("Rate and latency over time", time_plot, timed[0]) +
                 '<p class="note">The measured interval; the warm-up before it is not shown.</p>\n')
    body += all_runs(runs) if len(runs) > 1 else details(first)
    loop = "loops" if len({run["loop"] for run in runs}) > 1 else f"{first['loop']} loop"
    return document("rates" if several else "run" if len(runs) == 1 else "runs",
                    f"{first['target']}, {loop}, {first['size']} bytes", body + facts(first.header))
