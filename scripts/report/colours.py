# SPDX-License-Identifier: GPL-2.0-only
"""Colours, each with a lighter twin for dark pages: servers by what they are, others in order."""
import math

DARK = {}  # of each colour: what it is on a dark page

# Where a server answers: the hues of its kind (OKLCH, degrees), its marker, its words.
KINDS = {"kernel": ((232, 292), "o", "kudp, in the kernel"),
         "socket": ((18, 78), "s", "userspace, with a socket"),
         "bypass": ((130, 182), "^", "past the stack (XDP, AF_XDP, tc)")}
SOCKETS = ("recvfrom", "recvmmsg", "recvmmsg-gro", "io_uring", "sendmmsg")
BYPASSES = ("af_xdp", "xdp", "tc", "pktgen")


def srgb(lightness, chroma, hue):
    """A colour of OKLCH as #rrggbb, with as much of its chroma as a screen can show."""
    a, b = (chroma * f(math.radians(hue)) for f in (math.cos, math.sin))
    l, m, s = ((lightness + x * a + y * b) ** 3 for x, y in (
        (0.3963377774, 0.2158037573), (-0.1055613458, -0.0638541728), (-0.0894841775, -1.291485548)))
    linear = (4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
              -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
              -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s)
    if not all(-1e-4 <= value <= 1 for value in linear):
        return srgb(lightness, chroma * 0.95, hue)
    parts = [12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055
             for v in (max(value, 0) for value in linear)]
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def pair(light, dark):
    DARK[light] = dark
    return light


def colour(hue, lightness=0.56, chroma=0.16):
    return pair(srgb(lightness, chroma, hue), srgb(1.24 - 0.9 * lightness, chroma * 0.85, hue))


def spread(first, last, count):
    """Colours from one hue to another; neighbours differ in lightness, too."""
    step = (last - first) / max(count - 1, 1)
    return [colour(first + i * step, (0.46, 0.6, 0.53)[i % 3])
            for i in range(count)]


def kind(server):
    name = server.removesuffix("-patient")
    return "socket" if name in SOCKETS else "bypass" if name in BYPASSES else "kernel"


def kind_colour(name):
    return colour(sum(KINDS[name][0]) / 2)


def server_styles(servers):
    """(colour, marker) of each: its kind's hues and marker."""
    styles = {}
    for name, (hues, marker, _) in KINDS.items():
        members = [server for server in servers if kind(server) == name]
        styles |= {s: (c, marker) for s, c in zip(members, spread(*hues, len(members)))}
    return styles


def other_styles(names):
    """(colour, marker) of each of things of no kind, however many."""
    return {name: (c, "osD^vP"[i % 6])
            for i, (name, c) in enumerate(zip(names, spread(245, 245 + 360 * (1 - 1 / len(names)),
                                                            len(names))))}


def css(light):
    """The colour that suits the page, as CSS: where dark_rules() are."""
    return f"var(--{light[1:]}, {light})"


def themed(svg):
    """All colours of an SVG as css() has them."""
    for light in DARK:
        svg = svg.replace(light, css(light))
    return svg


def dark_rules():
    """Of all colours made so far."""
    rules = "".join(f"--{light[1:]}:{dark};" for light, dark in DARK.items())
    return f"<style>@media (prefers-color-scheme: dark) {{ :root {{ {rules} }} }}</style>\n"


INK = pair("#1b2127", "#e4e8ec")
PAGE = pair("#ffffff", "#12161a")
BLUE, ORANGE, GREEN, PINK = colour(245), colour(45), colour(165), colour(350)
GREY = pair("#6b7681", "#9aa6b2")
