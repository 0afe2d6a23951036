# SPDX-License-Identifier: GPL-2.0-only
"""The report of `kudp-load compare`: several targets under the same load."""
from html import escape

from report import percentiles
from report.colours import other_styles
from report.comparison_plots import rows
from report.page import document, facts, number, table
from report.plot import PLAIN, drawing, figure
from report.run import verdict_cell

NAMES = {"goodput_per_s": "goodput, replies/s", "p99_of_sent_us": "p99 latency, us"}


def interval_plot(narrow, contests, runs):
    """Every valid run as a dot, the median with its interval over them."""
    fig, (ax,) = figure(narrow, 0.55 * len(contests) + 0.9)
    styles = other_styles([contest["server"] for contest in contests])
    for y, contest in enumerate(contests):
        colour, marker = styles[contest["server"]]
        for run in runs:
            figure_of = run[contest["figure"]]
            if run["server"] == contest["server"] and run["valid"] and figure_of is not None:
                ax.plot(figure_of, y + 0.22, ".", color=colour, alpha=0.5)
        if contest["median"] is not None:
            if contest["high"] is not None:
                ax.plot([contest["low"], contest["high"]], [y, y], color=colour, linewidth=3,
                        solid_capstyle="butt", alpha=0.55)
            ax.plot(contest["median"], y, marker, color=colour, markersize=8)
    rows(ax, [contest["server"] for contest in contests])
    ax.margins(x=0.08)
    ax.xaxis.set_major_formatter(PLAIN)
    fig.supxlabel(NAMES[contests[0]["figure"]])
    return fig


def verdict(contests):
    winner = next((c["server"] for c in contests if c["winner"]), None)
    what = NAMES[contests[0]["figure"]].split(",")[0]
    if winner:
        return f"<strong>{escape(winner)}</strong> wins by {what}: its interval is better than all others, with no overlap."
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
        ("verdict", verdict_cell)])
    styles = other_styles([contest["server"] for contest in contests])
    lines = [(server, style, [run for run in runs if run["server"] == server])
             for server, style in styles.items()]
    return document("comparison", "Targets under the same load", f"""
<p class="verdict">{verdict(contests)}</p>
{drawing("Medians with their intervals", interval_plot, contests, runs)}
<p class="note">Small dots: valid runs. Large dot: their median, with its 95 % confidence interval.
Targets took turns in random order.</p>
{bounds}{percentiles.section([("", lines)])}
<details><summary>Every run</summary>
{every}</details>
{facts(header)}""")
