# SPDX-License-Identifier: GPL-2.0-only
"""Flame graphs: each function as wide as its time, on the one that called it."""
from html import escape

from report.colours import css, dark_rules, pair
from report.page import Fault

WIDTH, ROW, LEAST = 944, 18, 0.4  # pixels; what is narrower is left out
LETTER = 6.7  # pixels
FRAMES = [css(pair(*colours)) for colours in (
    ("#e0701e", "#8a3f0a"), ("#e98a3f", "#99521a"), ("#d9822b", "#7d4a12"), ("#cf7534", "#74380f"),
    ("#f0a05a", "#a3602a"))]
INK, PAPER = css(pair("#14181c", "#f6efe8")), css(pair("#fdf8f2", "#1c1712"))


class Frame:
    def __init__(self):
        self.value, self.children = 0, {}


def read_stacks(path):
    top = Frame()
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            stack, _, value = line.rstrip("\n").rpartition(" ")
            if not value.isdigit() or not stack:
                raise Fault(f"{path}:{number}: want a stack and a number")
            frame = top
            top.value += int(value)
            for name in stack.split(";"):
                frame = frame.children.setdefault(name, Frame())
                frame.value += int(value)
    return top


def boxes(frame, depth=0, at=0):
    """(depth, ns before it, name, ns) of each function, from the bottom."""
    for name, child in sorted(frame.children.items()):
        yield depth, at, name, child.value
        yield from boxes(child, depth + 1, at)
        at += child.value


def flame(top, title):
    scale = WIDTH / max(top.value, 1)
    shown = [box for box in boxes(top) if box[3] * scale >= LEAST]
    height = ROW * (max((depth for depth, *_ in shown), default=0) + 1) + 26
    parts = []
    for depth, at, name, ns in shown:
        x, y, width = at * scale, height - ROW * (depth + 1), ns * scale
        label = name[:int((width - 6) / LETTER)] if width > 24 or len(name) * LETTER < width - 6 else ""
        text = f'<text x="{x + 3:.1f}" y="{y + 13}">{escape(label)}</text>' if label else ""
        parts += [f"<g><title>{escape(name)}: {ns:,} ns, {100 * ns / top.value:.1f} %</title>"
                  f'<rect x="{x:.1f}" y="{y}" width="{max(width - 0.5, LEAST):.1f}" height="{ROW - 1}" '
                  f'rx="1" style="fill: {FRAMES[sum(name.encode()) % len(FRAMES)]}"/>{text}</g>\n']
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} '
            f'{height}" font-family="ui-monospace, monospace" font-size="11" '
            f'style="background: {PAPER}; fill: {INK}">\n{dark_rules()}'
            f'<text x="3" y="15" font-size="13">{escape(title)}</text>\n{"".join(parts)}</svg>\n')
