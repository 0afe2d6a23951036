# SPDX-License-Identifier: GPL-2.0-only
"""For programs that run next to the guest, under `scripts/vm with`."""
import pathlib
import subprocess
import sys


def guest(command):
    """What a command of the guest's shell prints; ends the program where it fails."""
    done = subprocess.run(["guest", "set -e; " + command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{pathlib.Path(sys.argv[0]).stem}: {command}: {(done.stdout + done.stderr).strip()}")
    return done.stdout
