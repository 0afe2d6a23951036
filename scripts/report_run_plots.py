# SPDX-License-Identifier: GPL-2.0-only
"""The plots of report_run.py."""
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter

from report_plots import (COLOURS, INK, figure, latency_axis, nines, percentile_axis, plain, svg)

# From little load to much; every step is legible on white and on near-black.
RAMP = LinearSegmentedColormap.from_list("load", [COLOURS[i] for i in (0, 2, 4, 3, 1)])


def colours(runs):
    return [RAMP(i / max(len(runs) - 1, 1)) for i in range(len(runs))]


def percentile_plot(runs):
    fig, (ax,) = figure(4.1)
    deepest = 1.0
    for run, colour in zip(runs, colours(runs)):
        points = [(nines(p), us) for p, us in run["percentiles"] if p < 100 and us]
        if not points:
            continue
        deepest = max(deepest, points[-1][0])
        ax.plot(*zip(*points), color=colour, linewidth=2, linestyle="-" if run["valid"] else ":",
                label=run.name)
        if len(runs) == 1:
            ax.fill_between(*zip(*points), points[0][1], color=colour, alpha=0.1, linewidth=0)
    latency_axis(ax)
    percentile_axis(ax, deepest)
    if len(runs) > 1:
        ax.legend(frameon=False, ncols=min(len(runs), 4), loc="upper left", fontsize=9.5)
    return svg(fig, "Latency by percentile")


def load_axes(ax):
    ax.set_xlabel("offered, requests/s")
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="x", nbins=5)
    ax.xaxis.set_major_formatter(FuncFormatter(plain))
    ax.yaxis.set_major_formatter(FuncFormatter(plain))


def curve_plot(runs, knee):
    fig, (rates, losses) = figure(3.9, 2)
    offered = [run["offered_per_s"] for run in runs]
    rates.plot([0, max(offered)], [0, max(offered)], color=INK, alpha=0.35, linewidth=1)
    for ax, field, scale in [(rates, "goodput_per_s", 1), (losses, "loss_ratio", 100)]:
        values = [run[field] * scale for run in runs]
        ax.plot(offered, values, color=COLOURS[0], linewidth=2)
        for run, x, y in zip(runs, offered, values):
            ax.plot(x, y, "o" if run["valid"] else "x", color=COLOURS[0], markersize=6,
                    markeredgewidth=0.5 if run["valid"] else 2, clip_on=False)
        if knee is not None:
            ax.axvline(knee["offered_per_s"], color=COLOURS[1], linewidth=1.4, linestyle="--")
        load_axes(ax)
    if knee is not None:
        rates.annotate("knee", (knee["offered_per_s"], 0), xytext=(-6, 8), ha="right",
                       textcoords="offset points")
    rates.set_title("goodput, replies/s", fontsize=11)
    losses.set_title("requests lost, %", fontsize=11)
    return svg(fig, "Offered against goodput")


def trial_plot(trials, searches):
    fig, (rates, losses) = figure(3.9, 2)
    most = max((trial["offered_per_s"] for trial in trials), default=1)
    rates.plot([0, most], [0, most], color=INK, alpha=0.35, linewidth=1)
    for ax, field, scale in [(rates, "goodput_per_s", 1), (losses, "loss_ratio", 100)]:
        for limited in (True, False):
            points = [(t["offered_per_s"], t[field] * scale) for t in trials
                      if t["generator_limited"] == limited]
            if points:
                ax.scatter(*zip(*points), s=26, edgecolors=COLOURS[6 if limited else 0],
                           facecolors="none" if limited else COLOURS[0], clip_on=False)
        for search, colour in zip(searches, (COLOURS[2], COLOURS[1])):
            if search["lower_per_s"]:
                ax.axvline(search["lower_per_s"], color=colour, linewidth=1.6, linestyle="--",
                           label=search["goal"])
        load_axes(ax)
    if rates.get_legend_handles_labels()[0]:
        rates.legend(frameon=False, loc="upper left", fontsize=9.5)
    rates.set_title("goodput, replies/s", fontsize=11)
    losses.set_title("requests lost, %", fontsize=11)
    return svg(fig, "Offered against goodput")


def time_plot(run):
    """Rates, what was lost, and latency in each interval."""
    fig, (rates, latency) = figure(3.6, 2)
    steps = [i for i in run.intervals if i["to_s"] > i["from_s"]]
    middle = [(i["from_s"] + i["to_s"]) / 2 for i in steps]

    def per_second(field):
        return [i[field] / (i["to_s"] - i["from_s"]) for i in steps]
    rates.plot(middle, per_second("sent"), color=COLOURS[6], linewidth=2, label="sent")
    rates.plot(middle, per_second("replies"), color=COLOURS[0], linewidth=2, label="answered")
    if any(i["missing"] for i in steps):
        rates.plot(middle, [max(v, 0) for v in per_second("missing")], color=COLOURS[1],
                   linewidth=2, label="lost")
    rates.set_ylim(bottom=0, top=1.25 * max(per_second("sent") + per_second("replies")) or 1)
    rates.yaxis.set_major_formatter(FuncFormatter(plain))
    rates.set_title("requests/s", fontsize=11)
    for field, colour, name in [("p99_us", COLOURS[1], "p99"), ("p50_us", COLOURS[0], "p50")]:
        points = [(t, i[field]) for t, i in zip(middle, steps) if i[field]]
        if points:
            latency.plot(*zip(*points), color=colour, linewidth=2, label=name)
    latency_axis(latency)
    latency.set_title("latency, us", fontsize=11)
    latency.set_ylabel("")
    for ax in (rates, latency):
        ax.set_xlim(left=0)
        ax.set_xlabel("seconds")
        if ax.lines:
            ax.legend(frameon=False, ncols=3, loc="upper left", fontsize=9.5)
    return svg(fig, "Rate and latency over time")
