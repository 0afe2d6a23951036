# SPDX-License-Identifier: GPL-2.0-only
"""The report of `kudp-load compare`: several targets under the same load."""
from html import escape

import report_page
from report_page import drawing, facts, number, table
from report_plots import COLOURS, MARKERS, figure, latency_axis, nines, percentile_axis, plain, svg
from report_run import badge, notes
from matplotlib.ticker import FuncFormatter

NAMES = {"goodput_per_s": "goodput, replies/s", "p99_of_sent_us": "p99 latency, us"}


def style(index):
    return COLOURS[index % len(COLOURS)], list(MARKERS)[index % len(MARKERS)]


def interval_plot(contests, runs):
    """Every valid run as a dot, the median with its interval over them."""
    fig, (ax,) = figure(0.55 * len(contests) + 0.9)
    for y, contest in enumerate(contests):
        colour, marker = style(y)
        for run in runs:
            figure_of = run[contest["figure"]]
            if run["server"] == contest["server"] and run["valid"] and figure_of is not None:
                ax.plot(figure_of, y + 0.22, ".", color=colour, alpha=0.5)
        if contest["median"] is not None:
            if contest["high"] is not None:
                ax.plot([contest["low"], contest["high"]], [y, y], color=colour, linewidth=3,
                        solid_capstyle="butt", alpha=0.55)
            ax.plot(contest["median"], y, marker, color=colour, markersize=8)
    ax.set_yticks(range(len(contests)), [contest["server"] for contest in contests])
    ax.set_ylim(len(contests) - 0.5, -0.5)
    ax.margins(x=0.08)
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_formatter(FuncFormatter(plain))
    ax.set_xlabel(NAMES[contests[0]["figure"]])
    return svg(fig, "Medians with their intervals")


def latency_plot(contests, runs):
    fig, (ax,) = figure(4.1)
    deepest = 1.0
    for index, contest in enumerate(contests):
        colour, marker = style(index)
        for run in runs:
            points = [(nines(p), us) for p, us in run["percentiles"] if p < 100 and us]
            if run["server"] != contest["server"] or not points:
                continue
            deepest = max(deepest, points[-1][0])
            ax.plot(*zip(*points), color=colour, linewidth=1.3, alpha=0.8, marker=marker,
                    markevery=[-1], linestyle="-" if run["valid"] else ":")
    latency_axis(ax)
    percentile_axis(ax, deepest)
    return svg(fig, "Latency by percentile")


def legend(contests):
    items = [f'<span style="color:{style(i)[0]}">{MARKERS[style(i)[1]]}</span>&nbsp;'
             f"{escape(contest['server'])}" for i, contest in enumerate(contests)]
    return f"<p>{' &ensp; '.join(items)}</p>\n"


def verdict(contests):
    winner = next((c["server"] for c in contests if c["winner"]), None)
    what = NAMES[contests[0]["figure"]].split(",")[0]
    if winner:
        return f"<strong>{escape(winner)}</strong> wins by {what}: its interval lies beyond all others."
    if any(contest["valid"] < 6 for contest in contests):
        return "No winner: a target has too few valid runs."
    return f"No winner by {what}: intervals overlap."


def page(records):
    contests = [r for r in records if r["record"] == "contest"]
    runs = [r for r in records if r["record"] == "run"]
    header = next(r for r in records if r["record"] == "header")
    digits = 1 if contests[0]["figure"] == "p99_of_sent_us" else 0
    bounds = table(contests, [
        ("target", lambda c: escape(c["server"])), ("valid runs", lambda c: str(c["valid"])),
        ("median", lambda c: number(c["median"], digits)),
        ("95 % interval", lambda c: f"{number(c['low'], digits)} to {number(c['high'], digits)}"),
        ("", lambda c: '<span class="faster">winner</span>' if c["winner"] else "")])
    every = table(runs, [
        ("target", lambda r: escape(r["server"])), ("repetition", lambda r: str(r["repetition"])),
        ("goodput/s", lambda r: number(r["goodput_per_s"])),
        ("loss %", lambda r: number(r["loss_ratio"], 3, 100)),
        ("p50 us", lambda r: number(r["p50_us"], 1)), ("p99 us", lambda r: number(r["p99_us"], 1)),
        ("p99 of all us", lambda r: number(r["p99_of_sent_us"], 1)),
        ("verdict", lambda r: f"{badge(r)} {notes(r)}")])
    return report_page.page("comparison", "Targets under the same load", f"""
<p class="verdict">{verdict(contests)}</p>
{drawing(interval_plot(contests, runs))}<p class="note">Small dots: valid runs. Large: their median,
with the interval that holds the true one with 95 %. Targets took turns in random order.</p>
{bounds}<h2>Latency by percentile</h2>
{legend(contests)}{drawing(latency_plot(contests, runs))}<p class="note">One line for each run;
dotted: invalid.</p>
<details><summary>Every run</summary>
{every}</details>
{facts(header)}""")
