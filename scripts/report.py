#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns the records of a comparison into one HTML page without outside parts.

    kudp-load summary --json compare.json >summary.json
    scripts/report.py --summary summary.json compare.json -o report.html

All statistics come from the summary; this script only draws and words them.
"""
import argparse
import json
import sys
from html import escape

sys.dont_write_bytecode = True
from report_plots import latency_plot, legend, ratio_plot, spread_plot

CSS = """
:root { color-scheme: light dark; --ink: #1c2126; --dim: #5d6873; --page: #fff; --line: #dde2e7;
  --card: #f5f7f9; --bad: #b3261e; --good: #0a7a4f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7eb; --dim: #98a3ae; --page: #14181c;
  --line: #313940; --card: #1c2227; --bad: #ff8a80; --good: #4cc38a; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .5rem; }
p, dl { max-width: 48rem; margin: .5rem 0; }
.verdict { font-size: 1.15rem; }
.note, caption, dt { color: var(--dim); }
.environment { border-left: 4px solid #e0701e; background: var(--card); padding: .7rem 1rem;
  margin: 1.25rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; font-size: .9rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .7rem; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { color: var(--dim); font-weight: 500; }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
td:last-child { white-space: normal; }
.faster { color: var(--good); font-weight: 600; } .slower { font-weight: 600; }
.invalid { color: var(--bad); }
svg { display: block; width: 100%; height: auto; margin: .5rem 0; }
svg text { font-family: inherit !important; }
"""


class Fault(Exception):
    """What is wrong with the input, in one line."""


def read(path, need):
    """The records of a file of JSON lines, of which at least one is of kind `need`."""
    records = []
    try:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    record = json.loads(line)
                    if not isinstance(record, dict) or "record" not in record:
                        raise Fault(f"{path}:{number}: not a record")
                    records.append(record)
    except ValueError:
        raise Fault(f"{path}:{len(records) + 1}: not JSON; truncated?") from None
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from None
    if not any(record["record"] == need for record in records):
        raise Fault(f"{path}: no {need} record")
    return records


class Data:
    def __init__(self, compare, summary):
        records, lines = read(compare, "header"), read(summary, "summary")
        self.header = next(r for r in records if r["record"] == "header")
        self.runs = [r for r in records if r["record"] == "run"]
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


def number(value, digits=0, scale=1):
    return "–" if value is None else f"{value * scale:,.{digits}f}"


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


def table(rows, columns):
    """Columns are (title, function of the row that gives text, or HTML for the last)."""
    head = "".join(f"<th>{escape(title)}</th>" for title, _ in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell(row)}</td>' for _, cell in columns)}</tr>\n"
                   for row in rows)
    return f'<div class="scroll"><table>\n<tr>{head}</tr>\n{body}</table></div>\n'


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
            ("p99 us", lambda r: number(r["p99_us"], 1)),
            ("p99.9 us", lambda r: number(r["p999_us"], 1)), ("p99 ratio [min, max]", times), last])
    return html + meaning(data)


def meaning(data):
    pairs, coverage = max((r["pairs"], r["coverage"]) for r in data.closed + data.open)
    return (f'<p class="note">Figures are medians over N valid repetitions; invalid ones count for '
            f"nothing. Ratios are to {escape(data.reference or 'no server')}, within each "
            f"repetition. [min, max] over N repetitions covers the true median with probability "
            f"1 − 2<sup>1−N</sup>: {100 * coverage:.1f} % for {pairs}. Faster or slower is said only "
            f"where it excludes 1.</p>\n")


def invalid_runs(data):
    items = "".join(
        f"<li>{escape(r['server'])}, {r['loop']} loop"
        f"{' at ' + number(r['offered_per_s']) + '/s' if r['loop'] == 'open' else ''}, "
        f"repetition {r['repetition']}: "
        f"{escape('; '.join(r.get('verdict', [])) or 'no reason given')}</li>\n"
        for r in data.runs if not r["valid"])
    return f'<h2 class="invalid">Invalid runs</h2>\n<ul>\n{items}</ul>\n' if items else ""


def facts(header):
    first = ["kernel", "accelerator", "cpu", "cpus", "revision", "command", "time"]
    keys = [k for k in first if k in header] + [k for k in header if k not in first]
    rows = ""
    for key in keys:
        value = header[key]
        text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        if key != "record":
            rows += f"<dt>{escape(key)}</dt><dd>{escape(text)}</dd>\n"
    return f"<dl>\n{rows}</dl>\n"


def page(data):
    latency = ("<h2>Latency by percentile</h2>\n" + legend(data) + latency_plot(data) +
               '<p class="note">Counted from when each request was meant to be sent. One line for '
               "each repetition; dotted: invalid.</p>\n") if data.open else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kudp: kernel against userspace</title>
<style>{CSS}</style>
<h1>UDP answered in the kernel and in userspace</h1>
<p class="verdict">{verdict(data)}</p>
<p class="environment">{escape(data.sentence)}</p>
<h2>Against the strongest userspace server</h2>
{ratio_plot(data)}
<p class="note">Dot: median ratio; bar: least to greatest over the repetitions.</p>
{tables(data)}{latency}<h2>Every repetition</h2>
{spread_plot(data)}
<p class="note">In the order they were run, left to right; a cross is an invalid run.</p>
{invalid_runs(data)}<h2>Measured on</h2>
{facts(data.header)}</html>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("compare", help="the records of scripts/compare, JSON lines")
    parser.add_argument("--summary", required=True, help="output of kudp-load summary --json")
    parser.add_argument("-o", "--output", help="the HTML file to write [stdout]")
    arguments = parser.parse_args()
    try:
        html = page(Data(arguments.compare, arguments.summary))
        with open(arguments.output or sys.stdout.fileno(), "w", encoding="utf-8") as out:
            out.write(html)
    except Fault as fault:
        sys.exit(f"report.py: {fault}")
    except OSError as error:
        sys.exit(f"report.py: {arguments.output or 'stdout'}: {error.strerror}")
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        sys.exit(f"report.py: {arguments.compare} or {arguments.summary} lacks a field or has one "
                 f"of the wrong kind: {error!r}")


if __name__ == "__main__":
    main()
