# SPDX-License-Identifier: GPL-2.0-only
"""Latency by percentile: one line for each of what is compared, whatever its number of runs."""
import math
from statistics import median

from report.plot import drawing, figure, label_ends, latency_axis, nines, percentile_axis

MOST_BANDS = 4  # more of them hide each other
STEPS = 8  # of a line, for each nine


def at(points, x):
    """What a run's line is at x: straight from point to point."""
    (x0, y0), (x1, y1) = next(((before, after) for before, after in zip(points, points[1:])
                               if x <= after[0]), (points[-1], points[-1]))
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0) if x1 > x0 else y0


class Line:
    """The median of the valid runs at each percentile, with the least and the most of them.

    Where no run is valid it is that of the others, and its name says so.
    """

    def __init__(self, name, runs):
        self.valid = any(run["valid"] for run in runs)
        every = [[(nines(p), us) for p, us in run["percentiles"] if p < 100 and us]
                 for run in runs if run["valid"] == self.valid]
        every = [points for points in every if points]
        self.name = name if self.valid else f"{name} (invalid)"
        self.several = len(every) > 1
        # As far as all of them go.
        first = max((points[0][0] for points in every), default=0)
        last = min((points[-1][0] for points in every), default=0)
        steps = (i / STEPS for i in range(math.ceil(last * STEPS)))
        self.x = [first, *(x for x in steps if x > first), last] if every else []
        columns = [[at(points, x) for points in every] for x in self.x]
        self.least, self.median, self.most = ([of(column) for column in columns]
                                              for of in (min, median, max))


def plot(narrow, panels):
    """`panels`: of each its title, or "", and (name, (colour, marker), runs) of each line."""
    lines = [(title, [(Line(name, runs), style) for name, style, runs in groups])
             for title, groups in panels]
    names = max(len(drawn) for _, drawn in lines)
    fig, axes = figure(narrow, max(3.9, 0.24 * names + 1.2), len(panels), sharey=True)
    for ax, (title, drawn) in zip(axes, lines):
        ends = []
        for line, (colour, marker) in drawn:
            if line.x:
                ends += [(line.name, *ax.plot(line.x, line.median, color=colour, linewidth=1.8,
                                              linestyle="-" if line.valid else ":", marker=marker,
                                              markevery=[-1], markersize=5, clip_on=False))]
            if line.several and names <= MOST_BANDS:
                ax.fill_between(line.x, line.least, line.most, color=colour, alpha=0.15, linewidth=0)
        latency_axis(ax)
        ax.set_title(title)
        percentile_axis(ax, max((x for line, _ in drawn for x in line.x), default=1))
        ax.margins(x=0)
        label_ends(ax, ends)
    for ax in [] if narrow else axes[1:]:
        ax.set_ylabel("")
    return fig


def meaning(groups):
    """What to say below the plot of these lines."""
    words = ("Counted from when each request was meant to be sent. Each step to the right has a tenth of "
             "the requests.")
    if any(len(runs) > 1 for _, _, runs in groups):
        words += " Lines: medians of the valid repetitions at each percentile"
        words += "; bands: smallest to largest." if len(groups) <= MOST_BANDS else "."
    if not all(any(run["valid"] for run in runs) for _, _, runs in groups):
        words += " Dotted: no repetition is valid."
    return f'<p class="note">{words}</p>\n'


def section(panels, legend=""):
    """The plot with its title and its meaning; nothing where there was no reply."""
    if not any(run["percentiles"] for _, groups in panels for _, _, runs in groups for run in runs):
        return ""
    return (f"<h2>Latency by percentile</h2>\n{legend}{drawing('Latency by percentile', plot, panels)}"
            f"{meaning(panels[0][1])}")
