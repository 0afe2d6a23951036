# SPDX-License-Identifier: GPL-2.0-only
"""What all plots share: their style, their axes, labels at lines, and how they become SVG elements.

A plot is a function of `narrow` and what it shows that gives a figure: it is drawn twice, for windows
that are wide and for those that are not, and the page shows the one that fits.
"""
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

from report.colours import INK, PAGE, css, dark_rules, themed

WIDTH = {False: 9.4, True: 4.75}  # inches of 72 units; a narrow one's are pixels of a phone
FONT = {False: 10.5, True: 11}  # the same units
ALONE = {False: 960, True: 360}  # pixels that a picture alone is wide
ROOM = 1.25  # heights of its letters, from one label at a line to the next

matplotlib.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "kudp", "font.sans-serif": ["DejaVu Sans"],
    **dict.fromkeys(("axes.titlesize", "figure.labelsize", "legend.fontsize"), "medium"),
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "legend.frameon": False})


def figure(narrow, height, panels=1, **more):
    """`height` inches for each row of panels; narrow, they stand below each other."""
    rows, columns = (panels, 1) if narrow else (1, panels)
    fig, axes = pyplot.subplots(rows, columns, figsize=(WIDTH[narrow], height * rows), squeeze=False,
                                layout="constrained", **more)
    fig.get_layout_engine().set(h_pad=0.12 if rows > 1 else 0.04)
    for ax in axes.flat:
        ax.grid(color=INK, alpha=0.13, linewidth=0.7)
        ax.set_axisbelow(True)
        ax.spines[:].set_visible(False)
        ax.tick_params(which="both", length=0, pad=7)
    return fig, list(axes.flat)


def plain(value, _=None):
    return f"{value:,.10g}"


PLAIN = FuncFormatter(plain)


def nines(percentile):
    return -math.log10(1 - percentile / 100)


def latency_axis(ax):
    """Logarithmic, in microseconds."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(PLAIN)
    ax.set_ylabel("latency, us")


def percentile_axis(ax, deepest):
    """Each step to the right has a tenth of the values; `deepest` of them."""
    ticks = [(nines(50), "50"), *((n, f"{100 - 10 ** (2 - n):.10g}")
                                  for n in range(1, math.floor(deepest) + 1))]
    ax.set_xticks([0, *(x for x, _ in ticks)], ["0", *(name for _, name in ticks)])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("percentile")


def thin_ticks(ax):
    """Takes the names of ticks on the x axis away that would touch their neighbour's."""
    end = -math.inf
    for label in ax.get_xticklabels():
        box = label.get_window_extent()
        if box.x0 < end + 4:
            label.set_visible(False)
        else:
            end = box.x1


def apart(wanted, gap, low, high):
    """Heights as near as they can be to those wanted, in their order, `gap` from each other."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    blocks = []  # (mean, count) of what is pushed together
    for place, i in enumerate(order):
        mean, count = wanted[i] - place * gap, 1
        while blocks and blocks[-1][0] > mean:
            before, others = blocks.pop()
            mean, count = (mean * count + before * others) / (count + others), count + others
        blocks.append((mean, count))
    flat = [mean for mean, count in blocks for _ in range(count)]
    top = max(low, high - (len(flat) - 1) * gap)
    return {i: min(max(low, y), top) + place * gap for place, (i, y) in enumerate(zip(order, flat))}


def label_ends(ax, lines):
    """Names each of (name, Line2D) at its right end, outside the axes, so that no two names touch."""
    ax.figure.draw_without_rendering()
    size = matplotlib.rcParams["font.size"]
    gap = ROOM * size / 72 * ax.figure.dpi / ax.get_window_extent().height
    ends = [(line.get_xdata()[-1], line.get_ydata()[-1]) for _, line in lines]
    at = ax.transData + ax.transAxes.inverted()
    heights = apart([at.transform(end)[1] for end in ends], gap, 0, 1)
    for i, ((name, line), end) in enumerate(zip(lines, ends)):
        line.set_gid(f"series-{i}")
        ax.annotate(name, end, (1.03, heights[i]), textcoords="axes fraction", va="center_baseline",
                    color=line.get_color(), annotation_clip=False,
                    arrowprops={"arrowstyle": "-", "color": line.get_color(), "alpha": 0.6,
                                "linewidth": 0.8, "shrinkA": 1, "shrinkB": 0, "relpos": (0, 0.5)})


def svg(fig, name, suffix=""):
    """The figure as an element: its colours follow the page, its identifiers are its own."""
    fig.draw_without_rendering()
    for ax in fig.axes:
        thin_ticks(ax)
    out = io.StringIO()
    fig.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    pyplot.close(fig)
    text = out.getvalue()[out.getvalue().index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->\s*", "", text, flags=re.S)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{escape(name)}" ', 1)
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), text)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]*)', text))
    text = re.sub(r' id="([^"]*)"', lambda name: name[0] if name[1] in used or "series-" in name[1] else "", text)
    text = re.sub(r"\s*<g/>", "", text)
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    slug = re.sub(r"\W+", "-", name) + suffix
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{slug}-", text)
    return themed(text)


def key(items):
    """What colours and signs mean: (colour, sign, words) of each."""
    html = " ".join(f'<span><span style="color: {css(colour)}">{sign}</span> {escape(words)}</span>'
                    for colour, sign, words in items)
    return f'<p class="key">{html}</p>\n' if html else ""


def rendered(name, plot, narrow, *shown):
    with matplotlib.rc_context({"font.size": FONT[narrow]}):
        return svg(plot(narrow, *shown), name, "-narrow" if narrow else "")


def drawing(name, plot, *shown):
    """A figure of the page: the plot as it suits wide windows, and narrow ones."""
    wide, narrow = (rendered(name, plot, narrow, *shown) for narrow in (False, True))
    return (f'<figure>\n<div class="wide">\n{wide}</div>\n'
            f'<div class="narrow">\n{narrow}</div>\n</figure>\n')


def alone(name, plot, narrow, *shown):
    """A file of its own, with its size, its background and its colours."""
    text = rendered(name, plot, narrow, *shown)
    width, height = (float(n) for n in re.search(r'viewBox="0 0 (\S+) (\S+)"', text).groups())
    scale = ALONE[narrow] / width
    return re.sub(r"<svg ([^>]*>)", f'<svg width="{width * scale:.0f}" height="{height * scale:.0f}" '
                  f'style="background: {css(PAGE)}; font-family: system-ui, sans-serif" '
                  rf"\1\n{dark_rules()}", text, count=1)
