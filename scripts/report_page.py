# SPDX-License-Identifier: GPL-2.0-only
"""What the HTML reports have in common: how records are read, the style, the parts of a page."""
import json
import sys
from html import escape

CSS = """
:root { color-scheme: light dark; --ink: #1b2127; --dim: #586471; --page: #fff; --line: #dfe4e9;
  --card: #f4f6f8; --accent: #0a74b0; --warn: #e0701e; --bad: #b3261e; --good: #0a7a4f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --dim: #9aa6b2; --page: #12161a;
  --line: #2c343b; --card: #1a2026; --accent: #58b0e6; --warn: #f08a3c; --bad: #ff8a80;
  --good: #4cc38a; } }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink);
  background: var(--page); max-width: 66rem; margin: 0 auto; padding: 2.25rem 2rem 4rem;
  border-top: 4px solid var(--accent); }
header p:first-child { color: var(--accent); font-weight: 650; letter-spacing: .04em; margin: 0; }
h1 { font-size: 1.95rem; line-height: 1.2; letter-spacing: -.01em; margin: .15rem 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .4rem; }
p, dl { max-width: 50rem; margin: .5rem 0; }
.verdict { font-size: 1.12rem; }
.note, caption, dt, summary { color: var(--dim); }
.note { font-size: .9rem; }
.environment { border-left: 4px solid var(--warn); background: var(--card); padding: .7rem 1rem;
  margin: 1.25rem 0; border-radius: 0 6px 6px 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem;
  margin: 1.5rem 0; padding: 0; max-width: none; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .7rem .95rem .75rem; }
.tiles span { display: block; color: var(--dim); font-size: .82rem; }
.tiles strong { display: block; font-size: 1.45rem; line-height: 1.25; font-weight: 650;
  font-variant-numeric: tabular-nums; }
.tiles small { color: var(--dim); font-weight: 400; font-size: .82rem; }
.badge { display: inline-block; border-radius: 99px; padding: .05rem .7rem; font-weight: 650;
  border: 1.5px solid currentColor; }
figure { margin: 1rem 0; border: 1px solid var(--line); border-radius: 8px;
  padding: .75rem 1rem .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; font-size: .9rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .38rem .7rem; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { color: var(--dim); font-weight: 500; }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
td:last-child { white-space: normal; }
tr:hover td { background: var(--card); }
.faster { color: var(--good); font-weight: 600; } .slower { font-weight: 600; }
.good { color: var(--good); } .invalid { color: var(--bad); }
summary { cursor: pointer; }
svg { display: block; width: 100%; height: auto; margin: .25rem 0; }
svg text { font-family: inherit !important; }
@media print { body { border: 0; padding: 0; } figure, .tiles li, tr { break-inside: avoid; } }
"""


class Fault(Exception):
    """What is wrong with the input, in one line."""


def read(path, *needed):
    """The records of a file of JSON lines, of which at least one is of each kind needed."""
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
    for kind in needed:
        if not any(record["record"] == kind for record in records):
            raise Fault(f"{path}: no {kind} record")
    return records


def write(path, html):
    try:
        with open(path or sys.stdout.fileno(), "w", encoding="utf-8") as out:
            out.write(html)
    except OSError as error:
        raise Fault(f"{path or 'stdout'}: {error.strerror}") from None


def number(value, digits=0, scale=1):
    return "–" if value is None else f"{value * scale:,.{digits}f}".replace("-", "−")


def duration(us):
    """A time given in microseconds, in the unit that suits it."""
    if us is None:
        return "–"
    unit, scale = next((u, s) for u, s in [("s", 1e6), ("ms", 1e3), ("us", 1)] if us >= s or s == 1)
    return f"{us / scale:.3g} {unit}" if us / scale < 1000 else f"{us / scale:,.0f} {unit}"


def tiles(items):
    """Figures to be seen first: (name, figure, what else)."""
    html = "".join(f"<li><span>{escape(name)}</span><strong>{escape(value)}</strong>"
                   f"<small>{escape(more)}</small></li>\n" for name, value, more in items)
    return f'<ul class="tiles">\n{html}</ul>\n'


def drawing(svg):
    return f"<figure>\n{svg}</figure>\n"


def table(rows, columns):
    """Columns are (title, function of the row that gives text, or HTML for the last)."""
    head = "".join(f"<th>{escape(title)}</th>" for title, _ in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell(row)}</td>' for _, cell in columns)}</tr>\n"
                   for row in rows)
    return f'<div class="scroll"><table>\n<tr>{head}</tr>\n{body}</table></div>\n'


def facts(header):
    first = ["kernel", "accelerator", "cpu", "cpus", "revision", "command", "time"]
    keys = [k for k in first if k in header] + [k for k in header if k not in first]
    rows = ""
    for key in keys:
        value = header[key]
        text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        if key != "record":
            rows += f"<dt>{escape(key)}</dt><dd>{escape(text)}</dd>\n"
    return f"<h2>Measured on</h2>\n<dl>\n{rows}</dl>\n"


def page(kind, title, body):
    """The whole file; `kind` stands above the title."""
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kudp: {escape(title)}</title>
<style>{CSS}</style>
<header><p>kudp · {escape(kind)}</p>
<h1>{escape(title)}</h1></header>
{body}</html>
"""
