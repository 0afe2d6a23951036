# SPDX-License-Identifier: GPL-2.0-only
"""What the HTML reports have in common: how records are read, the style, the parts of a page."""
import json
import pathlib
import sys
from html import escape

from report.colours import dark_rules

CSS = pathlib.Path(__file__).with_name("page.css")


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


def table(rows, columns):
    """Columns are (title, function of the row that gives HTML); a wide table scrolls by itself."""
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


def document(kind, title, body):
    """The whole file; `kind` stands above the title."""
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kudp: {escape(title)}</title>
<style>{CSS.read_text(encoding="utf-8")}</style>
{dark_rules()}<header><p>kudp · {escape(kind)}</p>
<h1>{escape(title)}</h1></header>
{body}</html>
"""
