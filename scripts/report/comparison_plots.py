# SPDX-License-Identifier: GPL-2.0-only
"""The plots of a comparison of servers: a row for each."""
from report.colours import INK, KINDS, kind, kind_colour, server_styles
from report.plot import PLAIN, figure, key

MARKERS = {"o": "●", "s": "■", "^": "▲"}


def rows(ax, names):
    """A row for each of them, from the top."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)


def ratio_plot(narrow, data):
    shown = [row for row in data.closed if row["ratio"] is not None]
    styles = server_styles(data.servers)
    fig, (ax,) = figure(narrow, 0.42 * len(shown) + 0.9)
    for y, row in enumerate(shown):
        colour, marker = styles[row["server"]]
        ax.plot([row["ratio_low"], row["ratio_high"]], [y, y], color=colour, linewidth=3,
                solid_capstyle="butt", alpha=0.55)
        ax.plot(row["ratio"], y, marker, color=colour, markersize=8)
        text = "reference" if row["server"] == data.reference else f"{row['ratio']:.2f}"
        ax.annotate(text, (row["ratio_high"], y), xytext=(10, 0), textcoords="offset points",
                    va="center_baseline", annotation_clip=False)
    ax.axvline(1, color=INK, linewidth=1.2)
    rows(ax, [row["server"] for row in shown])
    ax.margins(x=0.12)
    fig.supxlabel(f"goodput in closed loop, times that of {data.reference}")
    return fig


def spread_plot(narrow, data):
    """Every repetition: goodput in closed loop, loss in open loop."""
    panels = [("closed", "goodput_per_s", 1, "goodput/s, closed loop"),
              ("open", "loss_ratio", 100, "requests lost in open loop, %")]
    panels = [panel for panel in panels if any(r["loop"] == panel[0] for r in data.runs)]
    styles = server_styles(data.servers)
    fig, axes = figure(narrow, 0.36 * len(data.servers) + 0.9, len(panels), sharey=True)
    for ax, (loop, field, scale, title) in zip(axes, panels):
        for y, server in enumerate(data.servers):
            colour, marker = styles[server]
            runs = [r for r in data.runs_of(server, loop) if r[field] is not None]
            for i, run in enumerate(runs):
                at = y + (i / (len(runs) - 1) - 0.5) * 0.5 if len(runs) > 1 else y
                bad = not run["valid"]
                ax.plot(run[field] * scale, at, "x" if bad else marker, color=colour,
                        markersize=8 if bad else 5, markeredgewidth=2 if bad else 0.5,
                        clip_on=False)
        rows(ax, data.servers)
        ax.set_xlim(left=0)
        ax.locator_params(axis="x", nbins=5)
        ax.xaxis.set_major_formatter(PLAIN)
        ax.set_title(title)
    return fig


def legend(servers):
    """What the hues and the markers say."""
    there = {kind(server) for server in servers}
    return key((kind_colour(name), MARKERS[marker], words)
               for name, (_, marker, words) in KINDS.items() if name in there)
