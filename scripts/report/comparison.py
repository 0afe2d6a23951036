# SPDX-License-Identifier: GPL-2.0-only
"""The report of a comparison of servers. All statistics come from `kudp-load summary --json`."""
from html import escape

from report import percentiles
from report.colours import server_styles
from report.comparison_plots import legend, ratio_plot, spread_plot
from report.page import document, facts, number, table
from report.plot import drawing


class Data:
    def __init__(self, records, lines):
        self.header = next(r for r in records if r["record"] == "header")
        self.runs = [r for r in records if r["record"] == "run"]
        self.repeated = [r for r in records if r["record"] == "repeated"]
        rows = [r for r in lines if r["record"] == "summary"]
        self.closed = [r for r in rows if r["loop"] == "closed"]
        self.open = [r for r in rows if r["loop"] == "open"]
        self.sentence = next(r["sentence"] for r in lines if r["record"] == "environment")
        self.reference = rows[0]["reference"]
        self.servers = list(dict.fromkeys(r["server"] for r in rows))

    def runs_of(self, server, loop):
        return [r for r in self.runs if r["server"] == server and r["loop"] == loop]

    def loads(self):
        return list(dict.fromkeys(row["offered_per_s"] for row in self.open))

    def nearest_load(self, run):
        return min(self.loads(), key=lambda load: abs(load - run["offered_per_s"]))

    def lines(self, load):
        """Of each server its name, its style, its runs at this load."""
        styles = server_styles(self.servers)
        return [(server, styles[server], [run for run in self.runs_of(server, "open")
                                          if self.nearest_load(run) == load])
                for server in self.servers]


def times(row):
    if row["ratio"] is None or row["verdict"] == "reference":
        return "–"
    return f"{row['ratio']:.3f} [{row['ratio_low']:.3f}, {row['ratio_high']:.3f}]"


def listed(items):
    return " and ".join([", ".join(items[:-1]), items[-1]] if items[1:] else items)


def claims(rows, loop):
    """What the summary claims of these rows, as one sentence; faster servers with their ratios."""
    parts = []
    for claim, words in [("faster", "higher" if loop == "closed" else "lower"),
                         ("slower", "lower" if loop == "closed" else "higher"),
                         ("no difference shown", "not shown to differ")]:
        names = [f"<strong>{escape(row['server'])}</strong>" +
                 (f" (× {row['ratio']:.2f}, {row['ratio_low']:.2f} to {row['ratio_high']:.2f})"
                  if claim == "faster" else "") for row in rows if row["verdict"] == claim]
        if names:
            parts.append(f"{words} with {listed(names)}")
    return "is " + "; ".join(parts) if parts else "cannot be compared"


def verdict(data):
    if not data.reference:
        return "No userspace server has a valid run in closed loop, so nothing can be compared."
    text = (f"The strongest userspace server is <strong>{escape(data.reference)}</strong>. Against "
            f"it, goodput in closed loop {claims(data.closed, 'closed')}.")
    for load in data.loads():
        rows = [row for row in data.open if row["offered_per_s"] == load]
        text += f" With {load:,.0f} requests/s offered, p99 latency {claims(rows, 'open')}."
    return text


def last_cell(row):
    invalid = ""
    if row["invalid_repetitions"]:
        which = ", ".join(map(str, row["invalid_repetitions"]))
        invalid = f' <span class="invalid">✖ invalid: repetition {which}</span>'
    return f'<span class="{escape(row["verdict"])}">{escape(row["verdict"])}</span>{invalid}'


def tables(data):
    first = [("server", lambda r: escape(r["server"])), ("N", lambda r: str(r["valid"]))]
    goodput = ("goodput/s", lambda r: number(r["goodput_per_s"]))
    last = ("verdict", last_cell)
    html = "<h2>Closed loop</h2>\n"
    html += table(data.closed, [*first, goodput, ("goodput ratio [min, max]", times), last])
    if data.open:
        html += "<h2>Open loop</h2>\n" + table(data.open, [
            *first, ("offered/s", lambda r: number(r["offered_per_s"])), goodput,
            ("loss %", lambda r: number(r["loss_ratio"], 3, 100)),
            ("p50 us", lambda r: number(r["p50_us"], 1)),
            ("p99 us", lambda r: number(r["p99_of_sent_us"], 1)),
            ("p99.9 us", lambda r: number(r["p999_us"], 1)), ("p99 ratio [min, max]", times), last])
    return html + meaning(data)


def meaning(data):
    pairs, coverage = max((r["pairs"], r["coverage"]) for r in data.closed + data.open)
    return (f'<p class="note">Figures are medians over N valid repetitions; invalid ones are '
            f"ignored. Ratios are to {escape(data.reference or 'no server')}, within each "
            f"repetition. [min, max] over N repetitions covers the true median with probability "
            f"1 − 2<sup>1−N</sup>: {100 * coverage:.1f} % for {pairs}. The verdict is faster or "
            f"slower only where it excludes 1.</p>\n")


def invalid_runs(data):
    """Those that stayed, and those that were run again."""
    items = "".join(
        f"<li>{escape(r['server'])}, {r['loop']} loop"
        f"{' at ' + number(r['offered_per_s']) + '/s' if r['loop'] == 'open' else ''}, "
        f"repetition {r['repetition']}{', run again' if r['record'] == 'repeated' else ''}: "
        f"{escape('; '.join(r.get('verdict', [])) or 'no reason given')}</li>\n"
        for r in [*data.repeated, *data.runs] if r["record"] == "repeated" or not r["valid"])
    return f'<h2 class="invalid">Invalid runs</h2>\n<ul>\n{items}</ul>\n' if items else ""


def page(records, lines):
    """`records` are those of the comparison, `lines` those of its summary."""
    data = Data(records, lines)
    panels = [(f"{load:,.0f} requests/s offered", data.lines(load)) for load in data.loads()]
    return document("comparison", "UDP answered in the kernel and in userspace", f"""
<p class="verdict">{verdict(data)}</p>
<p class="environment">{escape(data.sentence)}</p>
<h2>Against the strongest userspace server</h2>
{legend(data.servers)}{drawing("Goodput ratio by server", ratio_plot, data)}
<p class="note">Dot: median ratio; bar: smallest to largest over the repetitions.</p>
{tables(data)}{percentiles.section(panels, legend(data.servers))}<h2>Every repetition</h2>
{drawing("Every repetition", spread_plot, data)}
<p class="note">From the top, in the order of the runs; a cross is an invalid run.</p>
{invalid_runs(data)}{facts(data.header)}""")
