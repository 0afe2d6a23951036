# SPDX-License-Identifier: GPL-2.0-only
"""The plots of runs of one target: at several rates, of a search's trials, over time."""
from report.colours import BLUE, GREEN, GREY, INK, ORANGE
from report.plot import PLAIN, figure, key, label_ends, latency_axis, plain


def load_panels(narrow, most):
    """Goodput and loss by offered load, with the line of those that answer all."""
    fig, (rates, losses) = figure(narrow, 3.9, 2)
    rates.plot([0, most], [0, most], color=INK, alpha=0.35, linewidth=1)
    rates.set_title("goodput, replies/s")
    losses.set_title("requests lost, %")
    return fig, [(rates, "goodput_per_s", 1), (losses, "loss_ratio", 100)]


def load_axes(ax):
    ax.set_xlabel("offered, requests/s")
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="x", nbins=4)
    ax.xaxis.set_major_formatter(PLAIN)
    ax.yaxis.set_major_formatter(PLAIN)


def curve_plot(narrow, runs, knee):
    offered = [run["offered_per_s"] for run in runs]
    fig, panels = load_panels(narrow, max(offered))
    for ax, field, scale in panels:
        values = [run[field] * scale for run in runs]
        ax.plot(offered, values, color=BLUE, linewidth=2)
        for run, x, y in zip(runs, offered, values):
            ax.plot(x, y, "o" if run["valid"] else "x", color=BLUE, markersize=6,
                    markeredgewidth=0.5 if run["valid"] else 2, clip_on=False)
        if knee is not None:
            ax.axvline(knee["offered_per_s"], color=ORANGE, linewidth=1.4, linestyle="--")
        load_axes(ax)
    return fig


def knee_key(knee):
    return key([(ORANGE, "┅", f"knee, {plain(knee['offered_per_s'])}/s")]) if knee is not None else ""


def bounds(searches):
    """The lower bounds that were found, each with its colour."""
    return [(colour, search) for colour, search in zip((GREEN, ORANGE), searches) if search["lower_per_s"]]


def bounds_key(searches):
    return key((colour, "┅", f"{search['goal']}, {search['lower_per_s']:,.0f}/s")
               for colour, search in bounds(searches))


def trial_plot(narrow, trials, searches):
    fig, panels = load_panels(narrow, max((trial["offered_per_s"] for trial in trials), default=1))
    for ax, field, scale in panels:
        for limited in (True, False):
            points = [(t["offered_per_s"], t[field] * scale) for t in trials
                      if t["generator_limited"] == limited]
            if points:
                ax.scatter(*zip(*points), s=26, edgecolors=GREY if limited else BLUE,
                           facecolors="none" if limited else BLUE, clip_on=False)
        for i, (colour, search) in enumerate(bounds(searches)):
            # The dashes of one fill the gaps of the other, so that both are seen where they coincide.
            ax.axvline(search["lower_per_s"], color=colour, linewidth=1.8, linestyle=(4 * i, (4, 4)))
        load_axes(ax)
    return fig


def time_plot(narrow, run):
    """Rates, what was lost, and latency in each interval."""
    fig, (rates, latency) = figure(narrow, 3.6, 2)
    steps = [((i["from_s"] + i["to_s"]) / 2, i["to_s"] - i["from_s"], i)
             for i in run.intervals if i["to_s"] > i["from_s"]]
    lines = {rates: [], latency: []}
    # What was sent is seen on both sides of what was answered.
    for field, colour, name, width in [("sent", GREY, "sent", 5), ("replies", BLUE, "answered", 2),
                                       ("missing", ORANGE, "lost", 2)]:
        if field != "missing" or any(i[field] for _, _, i in steps):
            points = [(middle, max(i[field] / length, 0)) for middle, length, i in steps]
            lines[rates] += [(name, *rates.plot(*zip(*points), color=colour, linewidth=width))]
    for field, colour, name in [("p99_us", ORANGE, "p99"), ("p50_us", BLUE, "p50")]:
        points = [(middle, i[field]) for middle, _, i in steps if i[field]]
        if points:
            lines[latency] += [(name, *latency.plot(*zip(*points), color=colour, linewidth=2))]
    rates.set_ylim(bottom=0)
    rates.yaxis.set_major_formatter(PLAIN)
    rates.set_title("requests/s")
    latency_axis(latency)
    latency.set_title("latency, us")
    latency.set_ylabel("")
    for ax, drawn in lines.items():
        ax.set_xlim(left=0)
        ax.set_xlabel("seconds")
        label_ends(ax, drawn)
    return fig
