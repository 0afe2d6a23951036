# SPDX-License-Identifier: GPL-2.0-only
"""The report of one session of `kudp-load stamp`."""
import math
from html import escape

from report.colours import BLUE, GREEN, ORANGE, PINK
from report.page import document, duration, facts, number, table, tiles
from report.plot import PLAIN, drawing, figure, label_ends, nines, percentile_axis

SPANS = 200  # of a session, drawn one by one
WAYS = {"forward": BLUE, "return": ORANGE}
DELAYS = [("round_trip_us", "round trip", "without the time at the reflector"),
          ("forward_us", "forward", "T2 − T1"), ("return_us", "return", "T4 − T3"),
          ("held_us", "held by the reflector", "T3 − T2")]
LOSSES = [("lost_forward", "lost on the way there"), ("lost_return", "lost on the way back"),
          ("lost_last", "lost after the last reply, on either way")]


class Session:
    """The stamp record, with each way's delay (us) and the packets that had no reply."""

    def __init__(self, records):
        self.header = next(r for r in records if r["record"] == "header")
        self.record = next(r for r in records if r["record"] == "stamp")
        replies = sorted((r for r in records if r["record"] == "stamp_reply"),
                         key=lambda reply: reply["sequence"])
        self.seconds = [self.when(reply["sequence"]) for reply in replies]
        ways = {"forward": [(r["t2_ns"] - r["t1_ns"]) / 1000 for r in replies],
                "return": [(r["t4_ns"] - r["t3_ns"]) / 1000 for r in replies]}
        self.round_trip = [there + back for there, back in zip(*ways.values())]
        # What a way took longer than at its best: the offset between the clocks is not in it.
        self.variation = {way: [delay - min(delays) for delay in delays]
                          for way, delays in ways.items()}
        answered = {reply["sequence"] for reply in replies}
        self.unanswered = [self.when(n) for n in range(self["sent"]) if n not in answered]

    def __getitem__(self, field):
        return self.record[field]

    def when(self, sequence):
        return sequence * self["interval_ms"] / 1000


def spans(session, values):
    """(middle, least, median, most) of each span of packets: with a million of them, too."""
    size = math.ceil(len(values) / SPANS)
    for at in range(0, len(values), size):
        part = sorted(values[at:at + size])
        seconds = session.seconds[at:at + size]
        yield (seconds[0] + seconds[-1]) / 2, part[0], part[len(part) // 2], part[-1]


def draw(ax, session, values, colour):
    middle, least, median, most = zip(*spans(session, values))
    ax.fill_between(middle, least, most, color=colour, alpha=0.25, linewidth=0)
    return ax.plot(middle, median, color=colour, linewidth=1.5,
                   marker="." if len(middle) == 1 else None)[0]


def over_time(ax, session, title):
    end = session.when(session["sent"])
    marks = sorted({math.floor(seconds / end * SPANS) for seconds in session.unanswered})
    ax.plot([(mark + 0.5) / SPANS * end for mark in marks], [0.99] * len(marks), "|",
            color=PINK, markersize=7, transform=ax.get_xaxis_transform(), clip_on=False)
    ax.set_ylim(0, 1.15 * ax.get_ylim()[1])
    ax.set_xlabel("seconds, as the packets were due")
    ax.yaxis.set_major_formatter(PLAIN)
    ax.set_title(title)


def time_plot(narrow, session):
    fig, (total, ways) = figure(narrow, 3.7, 2)
    draw(total, session, session.round_trip, GREEN)
    over_time(total, session, "round trip, us")
    lines = [(way, draw(ways, session, session.variation[way], colour))
             for way, colour in WAYS.items()]
    over_time(ways, session, "each way, above its least, us")
    label_ends(ways, lines)
    return fig


def variation_plot(narrow, session):
    """Each way's delays in order, eight for each halving of the rest."""
    fig, (ax,) = figure(narrow, 3.7)
    count = len(session.seconds)
    ranks = sorted({count - math.ceil(count / 2 ** (i / 8)) for i in range(8 * 40)})
    lines = []
    for way, colour in WAYS.items():
        ordered = sorted(session.variation[way])
        lines += [(way, *ax.step([nines(100 * rank / count) for rank in ranks],
                                 [ordered[rank] for rank in ranks],
                                 where="post", color=colour, linewidth=2))]
    percentile_axis(ax, max(nines(100 * ranks[-1] / count), 1))
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(PLAIN)
    ax.set_ylabel("above the least, us")
    label_ends(ax, lines)
    return fig


def known(count):
    return "unknown" if count is None else number(count)


def counts(session):
    rows = [(name, session[field]) for field, name in LOSSES] if session["lost"] else []
    rows = [("sent", session["sent"]), ("answered", session["answered"]),
            ("lost", session["lost"]), *rows, ("reordered, round trip", session["reordered"]),
            ("reordered on the way there", session["reordered_forward"]),
            ("reordered on the way back", session["reordered_return"]),
            ("further replies to a packet", session["duplicate"]),
            ("datagrams that reply to no packet", session["corrupt"])]
    return table(rows, [("", lambda row: escape(row[0])), ("packets", lambda row: known(row[1]))])


def delays(session):
    return table(DELAYS, [
        ("delay", lambda row: escape(row[1])),
        *((name, lambda row, field=field: number(session[row[0]][field], 1))
          for name, field in [("min, us", "min"), ("p50", "p50"), ("p99", "p99"), ("max", "max"),
                              ("PDV p99", "pdv_p99"), ("IPDV mean", "ipdv_mean")]),
        ("", lambda row: escape(row[2]))])


def page(records):
    session = Session(records)
    trip = session["round_trip_us"]
    body = f'<p class="verdict">Clocks: {escape(session["claim"])}</p>\n' + tiles([
        ("round trip", duration(trip["p50"]), "median"),
        ("round trip", duration(trip["p99"]), "p99"),
        ("forward", duration(session["forward_us"]["pdv_p99"]), "PDV, p99"),
        ("return", duration(session["return_us"]["pdv_p99"]), "PDV, p99"),
        ("held", duration(session["held_us"]["p50"]), "by the reflector, median"),
        ("lost", f"{number(session['lost'] / session['sent'], 2, 100)} %",
         f"{number(session['lost'])} of {number(session['sent'])}")])
    lost = " Ticks at the top: packets that were not answered." if session.unanswered else ""
    body += ("<h2>Over time</h2>\n" + drawing("Delays over time", time_plot, session) +
             f'<p class="note">Lines: medians; bands: smallest to largest.{lost} One-way delays are '
             "shown relative to the smallest in each direction (RFC 5481 section 4.2), so they do "
             "not include the clocks' offset.</p>\n<h2>Delay variation by percentile</h2>\n" +
             drawing("Delay variation by percentile", variation_plot, session) +
             "<h2>Delays</h2>\n" + delays(session) + "<h2>What became of the packets</h2>\n" +
             counts(session))
    return document("STAMP session", f"{session['target']}, {number(session['sent'])} "
                            f"packets of {session['size']} bytes", body + facts(session.header))
