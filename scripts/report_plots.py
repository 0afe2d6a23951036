# SPDX-License-Identifier: GPL-2.0-only
"""The plots of a comparison, and what all plots share: SVG elements that take the colours and the font of their page."""
import io
import math
import re
import sys
from html import escape

try:
    import matplotlib
except ImportError:
    sys.exit("matplotlib is missing: apt-get install python3-matplotlib")
matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

# Told apart by the colour-blind, legible on white and on near-black; markers say the same again.
COLOURS = ["#0a84c6", "#e0701e", "#0a9a7c", "#d0488f", "#8a75d6", "#8d8a1e", "#7c8794"]
MARKERS = dict(zip("osD^vP<", "●■◆▲▼✚◀"))
INK = "#010203"  # stands for the page's text colour, until the SVG is in the page

matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "kudp", "font.size": 10.5,
                            "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK,
                            "ytick.color": INK, "axes.edgecolor": INK})


def style(data, server):
    """The colour and the marker of a server, the same in all plots."""
    index = data.servers.index(server)
    return COLOURS[index % len(COLOURS)], list(MARKERS)[index % len(MARKERS)]


def figure(height, columns=1, **more):
    fig, axes = pyplot.subplots(1, columns, figsize=(9.4, height), squeeze=False,
                                layout="constrained", **more)
    for ax in axes[0]:
        ax.grid(color=INK, alpha=0.13, linewidth=0.7)
        ax.set_axisbelow(True)
        ax.spines[:].set_visible(False)
        ax.tick_params(which="both", length=0, pad=7)
    return fig, axes[0]


def svg(fig, name):
    """The figure as an element for the page: its colours, its font, identifiers of its own."""
    out = io.StringIO()
    fig.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    pyplot.close(fig)
    text = out.getvalue()[out.getvalue().index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{escape(name)}" ', 1)
    slug = re.sub(r"\W+", "-", name)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{slug}-", text)
    return text.replace(INK, "currentColor")


def ratio_plot(data):
    rows = [row for row in data.closed if row["ratio"] is not None]
    fig, (ax,) = figure(0.42 * len(rows) + 0.9)
    for y, row in enumerate(rows):
        colour, marker = style(data, row["server"])
        ax.plot([row["ratio_low"], row["ratio_high"]], [y, y], color=colour, linewidth=3,
                solid_capstyle="butt", alpha=0.55)
        ax.plot(row["ratio"], y, marker, color=colour, markersize=8)
        text = "reference" if row["server"] == data.reference else f"{row['ratio']:.2f}"
        ax.annotate(text, (row["ratio_high"], y), xytext=(10, 0), textcoords="offset points",
                    va="center")
    ax.axvline(1, color=INK, linewidth=1.2)
    ax.set_yticks(range(len(rows)), [row["server"] for row in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"goodput in closed loop, times that of {data.reference}")
    return svg(fig, "Goodput ratio by server")


def plain(value, _):
    return f"{value:,.10g}"


def nines(percentile):
    return -math.log10(1 - percentile / 100)


def latency_axis(ax):
    """Logarithmic, in microseconds."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(plain))
    ax.set_ylabel("latency, us")


def percentile_axis(ax, deepest):
    """Each step to the right has a tenth of the values; `deepest` of them."""
    whole = range(1, math.floor(deepest) + 1)
    ax.set_xticks([0, nines(50), *whole],
                  ["0", "50", *(f"{100 - 10 ** (2 - n):.10g}" for n in whole)])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("percentile")


def latency_plot(data):
    loads = data.loads()
    fig, axes = figure(3.9, len(loads), sharey=True)
    deepest = 1.0
    for ax, load in zip(axes, loads):
        for server in data.servers:
            colour, marker = style(data, server)
            for run in data.runs_of(server, "open"):
                points = [(nines(p), us) for p, us in run["percentiles"] if p < 100 and us]
                if data.nearest_load(run) != load or not points:
                    continue
                deepest = max(deepest, points[-1][0])
                ax.plot(*zip(*points), color=colour, linewidth=1.3, alpha=0.8, marker=marker,
                        markevery=[-1], linestyle="-" if run["valid"] else ":")
        latency_axis(ax)
        ax.set_title(f"{load:,.0f} requests/s offered", fontsize=11)
    for ax in axes:
        percentile_axis(ax, deepest)
    for ax in axes[1:]:
        ax.set_ylabel("")
    return svg(fig, "Latency by percentile")


def spread_plot(data):
    """Every repetition: goodput in closed loop, loss in open loop."""
    panels = [("closed", "goodput_per_s", 1, "goodput/s, closed loop"),
              ("open", "loss_ratio", 100, "requests lost in open loop, %")]
    panels = [panel for panel in panels if any(r["loop"] == panel[0] for r in data.runs)]
    fig, axes = figure(3.7, len(panels))
    for ax, (loop, field, scale, title) in zip(axes, panels):
        for x, server in enumerate(data.servers):
            colour, marker = style(data, server)
            runs = [r for r in data.runs_of(server, loop) if r[field] is not None]
            for i, run in enumerate(runs):
                at = x + (i / (len(runs) - 1) - 0.5) * 0.6 if len(runs) > 1 else x
                bad = not run["valid"]
                ax.plot(at, run[field] * scale, "x" if bad else marker, color=colour,
                        markersize=8 if bad else 5, markeredgewidth=2 if bad else 0.5,
                        clip_on=False)
        slanted = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
        ax.set_xticks(range(len(data.servers)), data.servers,
                      **(slanted if len(data.servers) > 4 else {}))
        ax.grid(axis="x", visible=False)
        ax.set_ylim(bottom=0)
        ax.yaxis.set_major_formatter(FuncFormatter(plain))
        ax.set_title(title, fontsize=11)
    return svg(fig, "Every repetition")


def legend(data):
    items = []
    for server in data.servers:
        colour, marker = style(data, server)
        items.append(f'<span style="color:{colour}">{MARKERS[marker]}</span>&nbsp;{escape(server)}')
    return f"<p>{' &ensp; '.join(items)}</p>\n"
