"""`python -m tests.fuzz [--inputs N] [--seconds S] [--seed N] [--kept FOLDER]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.running import fuzz


def main() -> int:
    """Exit status 1 when an input hung or came out with a fault that has no name."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "moodreel-fuzz")
    given = parser.parse_args()
    found = fuzz(given.inputs, given.seconds, given.seed, given.kept)
    print(found)
    return int(bool(found.wrong))


if __name__ == "__main__":
    sys.exit(main())
