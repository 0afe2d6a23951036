#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns records into one self-contained HTML page with plots.

    kudp-load open --rate 20000 --json run.json HOST:PORT
    scripts/report.py run.json -o report.html            # one run: latency, rates over time
    scripts/report.py 1.json 2.json 3.json -o curve.html # several rates: offered against goodput
    scripts/report.py search.json -o report.html         # of kudp-load search
    scripts/report.py contest.json -o report.html        # of kudp-load compare
    scripts/report.py stamp.json -o report.html          # of kudp-load stamp
    scripts/report.py compare.json -o report.html        # of scripts/compare

All statistics of a comparison come from `kudp-load summary --json`; this script only presents them.
"""
import argparse
import json
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
from report import comparison, contest, run, stamp
from report.page import Fault, read, write

KUDP_LOAD = pathlib.Path(__file__).resolve().parent.parent / "build/kudp-load"


def summary_of(path):
    """The records of what kudp-load makes of a comparison."""
    try:
        done = subprocess.run([KUDP_LOAD, "summary", "--json", path], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise Fault(f"{KUDP_LOAD}: {error.strerror}; make build, or give --summary") from None
    if done.returncode:
        raise Fault(done.stderr.strip())
    return [json.loads(line) for line in done.stdout.splitlines()]


def page(arguments):
    records = [record for path in arguments.records for record in read(path, "header")]
    if any(record["record"] == "stamp" for record in records):
        return stamp.page(records)
    if not any(record["record"] in ("run", "search") for record in records):
        raise Fault(f"{', '.join(arguments.records)}: no run, search or stamp record")
    if any(record["record"] == "contest" for record in records):
        return contest.page(records)
    if not any("server" in record for record in records if record["record"] == "run"):
        return run.page(records)
    if len(arguments.records) > 1:
        raise Fault("give one comparison at a time")
    return comparison.page(records, read(arguments.summary, "summary", "environment")
                                  if arguments.summary else summary_of(arguments.records[0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", nargs="+", metavar="FILE.json", help="records, JSON lines")
    parser.add_argument("--summary", metavar="FILE.json",
                        help="of a comparison: the summary, if it was kept [made anew]")
    parser.add_argument("-o", "--output", metavar="FILE.html", help="the page to write [stdout]")
    arguments = parser.parse_args()
    try:
        write(arguments.output, page(arguments))
    except Fault as fault:
        sys.exit(f"report.py: {fault}")
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        sys.exit(f"report.py: {', '.join(arguments.records)}: a field is missing or of the wrong "
                 f"kind: {error!r}")


if __name__ == "__main__":
    main()
