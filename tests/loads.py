# SPDX-License-Identifier: GPL-2.0-only
"""Runs of build/kudp-load for the tests of it, and what the checks of them add up to."""
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOAD, BASELINE = ROOT / "build/kudp-load", ROOT / "build/kudp-baseline"
FINE = (0, 3)  # 3: the generator was late, as it may be on a busy machine

passed = failed = skipped = 0


def check(name, ok, why=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"{'ok  ' if ok else 'FAIL'}  {name}{'' if ok else f': {why}'}", flush=True)


def skip(name, why):
    global skipped
    skipped += 1
    print(f"SKIP  {name}: {why}", flush=True)


def summary():
    """The last line; returns the exit status."""
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed > 0


def load(*arguments, status=FINE):
    done = subprocess.run([LOAD, *map(str, arguments)], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode not in status:
        raise RuntimeError(f"kudp-load {' '.join(map(str, arguments))}: status {done.returncode}: "
                           f"{done.stderr.strip()}")
    return done


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
